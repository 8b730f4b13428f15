import Formats
import Testing

struct JSONTests {
    @Test func writesOneLineInTheOrderGiven() {
        let value: JSONValue = [
            "z": 1, "a": [1.5, nil, true, "x\"\\\n\u{1}é"], "empty": [:], "none": [], "big": .integer(.max), "small": .number(1e-7),
        ]
        #expect(
            value.serialized()
                == #"{"z":1,"a":[1.5,null,true,"x\"\\\n\u0001é"],"empty":{},"none":[],"big":9223372036854775807,"small":1e-07}"#)
    }

    @Test func writesATreeWhenAsked() {
        let value: JSONValue = ["a": [1, 2], "b": [:]]
        #expect(value.serialized(indent: 2) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}")
    }

    @Test func escapesForAPage() {
        let value: JSONValue = ["a": "</script>&"]
        #expect(value.serialized(escapingHTML: true) == #"{"a":"\u003c/script\u003e\u0026"}"#)
    }

    @Test func nonFiniteNumbersBecomeNullAndAreListed() {
        var object: JSONObject = ["loss": .number(.nan), "rate": 0.1, "norm": .number(-.infinity)]
        object.listNonFinite()
        #expect(object.serialized() == #"{"loss":null,"rate":0.1,"norm":null,"nonfinite":["loss","norm"]}"#)
        #expect(JSONValue.float(.infinity).serialized() == "null")
    }

    @Test func floatsAreTheShortestThatReadBack() {
        #expect(JSONValue.float(0.1).serialized() == "0.1")
        for bits: UInt32 in [1, 0x3DCC_CCCD, 0x7F7F_FFFF, 0x0080_0000, 0xC049_0FDB] {
            let value = Float(bitPattern: bits)
            #expect(Float(JSONValue.float(value).serialized()) == value)
        }
    }

    @Test(arguments: [
        "null", "true", "-0.5", "0", "[]", "{}", #"{"b":1,"a":{"c":[1,2,[3]]}}"#, #""\u00e9\ud83d\ude00""#, "1e3",
        "123456789012345678901234567890",
    ])
    func readsWhatItWrites(_ text: String) throws {
        let value = try JSONValue.parse(text)
        #expect(try JSONValue.parse(value.serialized()) == value)
        #expect(try JSONValue.parse(value.serialized(indent: 3)) == value)
    }

    @Test func readsValues() throws {
        let value = try JSONValue.parse(#" {"n": 3, "x": 2.5e1, "s": "aé😀", "l": [1], "t": true, "e": 3.0} "#)
        #expect(value["n"]?.intValue == 3)
        #expect(value["x"]?.doubleValue == 25)
        #expect(value["s"]?.stringValue == "aé😀")
        #expect(value["l"]?[0]?.intValue == 1)
        #expect(value["l"]?[1] == nil)
        #expect(value["t"]?.boolValue == true)
        #expect(value["e"]?.intValue == 3)
        #expect(value["none"] == nil)
    }

    @Test(arguments: [
        ("", "ends where a value should begin"), ("nul", "no JSON value begins like this"), ("NaN", "NaN and Infinity are not JSON"),
        ("[1,]", "no JSON value begins like this"), (#"{"a":1,}"#, "a key in double quotes is wanted"), (#"{"a" 1}"#, "a colon is wanted"),
        (#"{"a":1,"a":2}"#, #"the key "a" comes twice"#), ("01", "may not begin with 0"), ("1.", "a digit is wanted"),
        ("1e999", "does not fit"),
        ("[1] 2", "text after the end"), (#""ab"#, "no closing quote"), (#""\x""#, "no such escape"),
        (#""\ud800""#, "half of a surrogate pair"),
        ("\"a\nb\"", "a control character"), (#"{"a":1"#, "a comma or a closing brace"), ("[1", "a comma or a closing bracket"),
    ])
    func refusesWhatIsNotJSON(_ text: String, _ reason: String) {
        #expect(errorText { _ = try JSONValue.parse(text) }?.contains(reason) == true)
    }

    @Test func saysWhere() {
        #expect(errorText { _ = try JSONValue.parse("{\n  \"a\": 1,\n  \"b\": tru\n}") }?.contains("line 3, column 8") == true)
    }

    @Test func refusesBadBytesAndDepth() {
        #expect(errorText { _ = try JSONValue.parse([0x22, 0xFF, 0x22]) }?.contains("not UTF-8") == true)
        let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        #expect(errorText { _ = try JSONValue.parse(deep) }?.contains("more than 512 nested") == true)
    }

    @Test func objectsKeepKeysOnce() {
        var object = JSONObject([.init(key: "a", value: 1), .init(key: "b", value: 2), .init(key: "a", value: 3)])
        #expect(object.keys == ["a", "b"])
        #expect(object["a"] == 3)
        object["b"] = nil
        object["c"] = "x"
        #expect(object.serialized() == #"{"a":3,"c":"x"}"#)
    }
}
