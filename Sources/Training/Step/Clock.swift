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

    /// The physical memory this program holds now and the most it has held: proc(5), status. A process inherits what `getrusage` counts from
    /// the one that started it; these begin with the program.
    package static var memory: (resident: UInt64, peak: UInt64) {
        guard let file = fopen("/proc/self/status", "r") else { return (0, 0) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let length = fread(&bytes, 1, bytes.count, file)
        func kilobytes(_ name: String) -> UInt64 {
            let line = String(decoding: bytes[..<length], as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { UInt64($0.dropFirst(name.count).drop { !$0.isNumber }.prefix { $0.isNumber }) } ?? 0
        }
        return (1024 * kilobytes("VmRSS:"), 1024 * kilobytes("VmHWM:"))
    }
}
