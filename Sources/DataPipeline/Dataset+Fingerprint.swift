import Crypto
import Formats

extension Dataset {
    /// SHA-256 (hex) over shapes, scaling and the content of the samples in their order: what ranks compare at start, and what tells two
    /// runs that they saw the same data. The name does not count.
    /// - Complexity: O(bytes).
    package var fingerprint: String {
        var hash = SHA256()
        var head = "features \(featureShape) count \(count) classes \(classNames) targets \(targets) "
        switch features {
        case .bytes(_, let scaling): head += "bytes / \(scaling.divisor) mean \(scaling.mean) std \(scaling.std)"
        case .floats: head += "float32"
        case .tokens(let windows): head += "tokens stride \(windows.stride)"
        }
        hash.update(data: Array(head.utf8))
        for position in 0..<count {
            let row = row(of: position)
            switch features {
            case .bytes(let bytes, _): bytes.withUnsafeBytes { hash.update(bufferPointer: Self.part($0, row, featureCount)) }
            case .floats(let floats): floats.withUnsafeBytes { hash.update(bufferPointer: Self.part($0, row, featureCount * 4)) }
            case .tokens: break
            }
        }
        if let windows { update(&hash, windows) }
        for position in 0..<count {
            let row = row(of: position)
            switch targetStore {
            case .none, .nextTokens: break
            case .classes(let classes, _): classes.withUnsafeBytes { hash.update(bufferPointer: Self.part($0, row, 4)) }
            case .values(let values, let width): values.withUnsafeBytes { hash.update(bufferPointer: Self.part($0, row, width * 4)) }
            }
        }
        return hexText(hash.finalize())
    }

    /// Windows may overlap, so what they all cover is taken once.
    private func update(_ hash: inout SHA256, _ windows: TokenWindows) {
        switch rows {
        case .all: windows.tokens.withBytes(of: windows.covered) { hash.update(bufferPointer: $0) }
        case .listed(let list):
            for row in list {
                let start = windows.start(ofRow: Int(row))
                windows.tokens.withBytes(of: start..<start + windows.length + 1) { hash.update(bufferPointer: $0) }
            }
        }
    }

    private static func part(_ bytes: UnsafeRawBufferPointer, _ row: Int, _ size: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[row * size..<(row + 1) * size])
    }
}

/// SHA-256 (hex) of a text.
func fingerprint(ofText text: String) -> String {
    hexText(SHA256.hash(data: Array(text.utf8)))
}

private func hexText(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for byte in digest {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return text
}
