/// What can go wrong outside the program's control when kernels are chosen.
package struct KernelError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
