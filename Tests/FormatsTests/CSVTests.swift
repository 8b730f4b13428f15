import Formats
import Testing

struct CSVTests {
    static func rows(_ text: String, separator: Character = ",") throws -> [[String]] {
        let table = try CSVTable.parse(Array(text.utf8), separator: separator)
        return [table.header] + (0..<table.rowCount).map { row in (0..<table.columnCount).map { table.text(row: row, column: $0) } }
    }

    @Test func readsWhatTheStandardAllows() throws {
        #expect(try Self.rows("a,b\n1,2\n3,4\n") == [["a", "b"], ["1", "2"], ["3", "4"]])
        #expect(try Self.rows("a,b\r\n1,2\r\n3,") == [["a", "b"], ["1", "2"], ["3", ""]])
        #expect(
            try Self.rows("\u{FEFF}a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\n\"two\nlines\",\"\"\n") == [
                ["a", "b"], ["x,y", "say \"hi\""], ["two\nlines", ""],
            ])
        #expect(try Self.rows("a;b\n1,5;2\n", separator: ";") == [["a", "b"], ["1,5", "2"]])
        #expect(try Self.rows("a,b\r\n\"1\",\"2\"\r\n") == [["a", "b"], ["1", "2"]])
    }

    @Test func aTableWithoutNames() throws {
        let table = try CSVTable.parse(Array("1,2\n3,4\n".utf8), hasHeader: false)
        #expect(table.header == ["0", "1"] && table.rowCount == 2 && table.number(row: 1, column: 1) == 4)
    }

    @Test func numbersAreTheStandardLibrarys() throws {
        let texts = [
            "0", "-1", "+2.5", " 3 ", "1e-3", "123456789.123456789", "0.1", "1.7976931348623157e308", "5e-324", "9007199254740993", ".5",
            "2.",
        ]
        let table = try CSVTable.parse(Array(("x\n" + texts.joined(separator: "\n")).utf8))
        for (row, text) in texts.enumerated() {
            let trimmed = text.split(separator: " ").joined()
            #expect(table.number(row: row, column: 0) == Double(trimmed), "\(text)")
        }
        let others = try CSVTable.parse(Array("x,y\nabc,1 2\n0x1p3,1,\n".utf8.dropLast(2) + [0x0A]))
        #expect(
            others.number(row: 0, column: 0) == nil && others.number(row: 0, column: 1) == nil && others.number(row: 1, column: 0) == nil)
    }

    @Test func knowsLinesAndMissingFields() throws {
        let table = try CSVTable.parse(Array("a,b\n\"1\n2\",x\n\n,  \n".utf8))
        #expect(table.line(ofRow: 0) == 2 && table.line(ofRow: 1) == 5)
        #expect(!table.isMissing(row: 0, column: 0) && table.isMissing(row: 1, column: 0) && table.isMissing(row: 1, column: 1))
        #expect(table.columnIndex(named: "b") == 1 && table.columnIndex(named: "c") == nil)
    }

    @Test(arguments: [
        ("", "the table is empty"), ("a,b\n1,2\n3\n", "the row has 1 fields, the header names 2 (at line 3)"),
        ("a,b\n1,\"2\n", "a quote opens and never closes (at line 2)"), ("a,b\n\"1\"x,2\n", "text follows a closing quote (at line 2)"),
        ("a,a\n1,2\n", "two columns are named 'a' (at line 1, column 2)"),
    ])
    func refusesBrokenTables(_ text: String, _ reason: String) {
        #expect(errorText { _ = try CSVTable.parse(Array(text.utf8)) }?.contains(reason) == true)
    }

    @Test func refusesOtherEncodings() {
        #expect(errorText { _ = try CSVTable.parse([0x61, 0x0A, 0xE9]) }?.contains("not UTF-8") == true)
    }
}
