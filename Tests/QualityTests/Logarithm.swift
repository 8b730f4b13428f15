import Foundation

// Test streams are made on the logarithm; the module under test has its own.
func logarithm(_ x: Double) -> Double { log(x) }
func power(_ x: Double) -> Double { exp(x) }
