import Crypto
import TensorCore

/// SHA-256 in hexadecimal.
package func sha256Hex(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return hexadecimal(hash.finalize())
}

/// `weights_sha256`: SHA-256 over the tensors' bytes (little-endian) in the order of their names' UTF-8, so that two runs compare by one string.
///
/// Names and shapes are not part of it, only the numbers. Complexity: O(bytes).
package func weightsDigest(_ tensors: [Tensor]) -> String {
    var hash = SHA256()
    for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
        tensor.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hexadecimal(hash.finalize())
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in digest {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
