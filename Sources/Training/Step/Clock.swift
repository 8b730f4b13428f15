import Glibc

/// Monotonic time and memory for measurements; nothing here allocates.
package enum Clock {
    /// Nanoseconds since an arbitrary fixed moment.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    package static func milliseconds(_ from: UInt64, _ to: UInt64) -> Double { Double(to &- from) / 1e6 }

    /// The most physical memory this process has held so far.
    package static var peakResidentBytes: UInt64 {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return UInt64(usage.ru_maxrss) &* 1024
    }
}
