import Glibc

/// Monotonic time and memory for measurements.
package enum Clock {
    /// Nanoseconds since an arbitrary fixed moment. Allocates nothing.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    package static func milliseconds(_ from: UInt64, _ to: UInt64) -> Double { Double(to &- from) / 1e6 }

    /// The most physical memory this process has held so far. Allocates nothing.
    package static var peakResidentBytes: UInt64 {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return UInt64(usage.ru_maxrss) &* 1024
    }

    /// The physical memory this process holds now (proc(5), statm: pages resident).
    package static var residentBytes: UInt64 {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 128)
        let length = fread(&line, 1, line.count, file)
        let fields = String(decoding: line[..<length], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages &* UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
