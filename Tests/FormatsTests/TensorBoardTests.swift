import Formats
import TestSupport
import Testing

struct TensorBoardTests {
    @Test func checksumMeetsItsCheckValue() {
        #expect(CRC32C.checksum(Array("123456789".utf8).span) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8]().span) == 0)
        // iSCSI's vectors (RFC 3720, B.4): 32 zero bytes, 32 bytes of ones, 0 to 31.
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32).span) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32).span) == 0x62A8_AB43)
        #expect(CRC32C.checksum(Array(0..<32).span) == 0x46DD_794E)
    }

    /// The records of an event file, their checksums verified.
    static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        func word(_ at: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) } }
        var records: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            let length = Int(word(at, 8))
            #expect(UInt32(word(at + 8, 4)) == CRC32C.masked(Array(bytes[at..<at + 8]).span))
            let data = Array(bytes[at + 12..<at + 12 + length])
            #expect(UInt32(word(at + 12 + length, 4)) == CRC32C.masked(data.span))
            records.append(data)
            at += 16 + length
        }
        return records
    }

    @Test func writesFramedRecords() throws {
        try withTemporaryDirectory { folder in
            let writer = try TensorBoardWriter(directory: folder, hostName: "host")
            #expect(writer.path.contains("/events.out.tfevents.") && writer.path.contains(".host."))
            writer.addScalar("loss/train", 0.5, step: 1, wallTime: 2)
            writer.addScalar("/odd tag:é", .nan, step: 300, wallTime: 2)
            try writer.close()
            try writer.close()
            let records = Self.records(try FileIO.read(writer.path))
            #expect(records.count == 3)
            #expect(records[0].suffix(15) == Array("\u{1A}\u{0D}brain.Event:2".utf8)[...])
            // wall_time 2.0, step 1, summary { value { tag "loss/train", simple_value 0.5 } }
            let value: [UInt8] = [0x0A, 10] + Array("loss/train".utf8) + [0x15, 0, 0, 0, 0x3F]
            #expect(
                records[1] == [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 1, 0x2A, UInt8(value.count + 2), 0x0A, UInt8(value.count)] + value)
            #expect(String(decoding: records[2], as: UTF8.self).contains("odd_tag__"))
        }
    }

    @Test func everyWriterMakesItsOwnFile() throws {
        try withTemporaryDirectory { folder in
            let first = try TensorBoardWriter(directory: folder, hostName: "host")
            let second = try TensorBoardWriter(directory: folder, hostName: "host")
            #expect(first.path != second.path)
            let missing = errorText { _ = try TensorBoardWriter(directory: "\(folder)/none", hostName: "host") }
            #expect(missing?.contains("cannot make the event file: No such file or directory") == true)
        }
    }

    @Test func manyRecordsLeaveByThemselves() throws {
        try withTemporaryDirectory { folder in
            let writer = try TensorBoardWriter(directory: folder, hostName: "host")
            for step in 0..<3000 { writer.addScalar("loss/train", Double(step), step: step) }
            let before = try FileIO.read(writer.path).count
            #expect(before > 1 << 16)
            try writer.flush()
            #expect(Self.records(try FileIO.read(writer.path)).count == 3001)
        }
    }

    @Test func theRealTensorBoardReadsScalarsAndTexts() throws {
        guard let python = Locations.peersPython else { return skip("no Python with tensorboard here") }
        try withTemporaryDirectory { folder in
            let writer = try TensorBoardWriter(directory: folder, hostName: "node-1")
            for step in 1...100 { writer.addScalar("loss/train", 1 / Double(step), step: step) }
            writer.addScalar("accuracy/val", 0.975, step: 100)
            writer.addText("config", "# Recipe\n\n" + String(repeating: "long ", count: 100), step: 0)
            try writer.close()
            let script = """
                import sys
                from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
                a = EventAccumulator(sys.argv[1]); a.Reload()
                s = a.Scalars("loss/train")
                assert len(s) == 100 and s[9].step == 10 and abs(s[9].value - 0.1) < 1e-7 and s[9].wall_time > 1e9, s[9]
                assert abs(a.Scalars("accuracy/val")[0].value - 0.975) < 1e-6
                t = a.Tensors("config/text_summary") if "config/text_summary" in a.Tags()["tensors"] else a.Tensors("config")
                assert t[0].tensor_proto.string_val[0].startswith(b"# Recipe"), t
                print("read")
                """
            let result = try runProcess([python, "-c", script, folder], deadline: 120)
            #expect(result.status == 0 && result.output.contains("read"), "\(result)")
        }
    }
}
