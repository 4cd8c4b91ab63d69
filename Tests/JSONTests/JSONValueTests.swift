import JSON
import Tensors
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("floats.json", JSON.Style.python), ("values.json", .python), ("values.indented.json", .indented(4)),
        ("values.compact.json", .compact),
    ])
    func writesWhatPythonWrites(name: String, style: JSON.Style) throws {
        let text = try fixture(name)
        #expect(try JSON(parsing: text).serialized(style) == String(decoding: text, as: UTF8.self))
    }

    @Test func floatTexts() {
        let texts: [(Double, String)] = [
            (1, "1.0"), (1e-5, "1e-05"), (1e-4, "0.0001"), (1e15, "1000000000000000.0"),
            (1e16, "1e+16"), (12_345_678_901_234_568, "1.2345678901234568e+16"),
            (-0.0, "-0.0"), (1e100, "1e+100"), (0.1, "0.1"), (1.5e-7, "1.5e-07"),
        ]
        for (value, text) in texts { #expect(JSON.text(of: value) == text) }
    }

    @Test func objectsKeepTheirOrder() {
        for count in [3, 16, 17, 40] {
            var object = JSONObject((0..<count).map { ("k\($0)", JSON.integer($0)) })
            object["k1"] = "new"
            #expect(object.keys == (0..<count).map { "k\($0)" })
            #expect(object["k1"] == "new")
            let removed = object.removeValue(forKey: "k0")
            #expect(removed == 0)
            #expect(object["k0"] == nil)
            object["k0"] = nil
            object["k0"] = .null
            #expect(object.keys.last == "k0" && object["k0"] == .null)
            let isRenamed = object.rename("k2", to: "z")
            #expect(isRenamed && object["z"] == 2 && object["k2"] == nil && object.keys[1] == "z")
            let isTaken = !object.rename("k0", to: "z")
            #expect(isTaken)
            #expect(object.map(\.key) == object.keys && object.count == count)
            for (position, entry) in object.enumerated() { #expect(object[entry.key] == entry.value && object[position].key == entry.key) }
        }
    }

    @Test func equalityIsPythons() {
        let left: JSON = ["a": 1, "b": [1.5, nil, "x"]]
        let right: JSON = ["b": [1.5, nil, "x"], "a": 1]
        #expect(left == right && left.hashValue == right.hashValue)
        #expect(left != ["a": 1.0, "b": [1.5, nil, "x"]])
        #expect(JSON.float(.nan) == .float(.nan))
        #expect(JSON.float(0).hashValue == JSON.float(-0.0).hashValue)
    }

    @Test func gettersAnswerToTheirKindAlone() throws {
        let value = try JSON(parsing: #"{"units": "many", "rate": 2, "list": [1]}"#)
        #expect(value["rate"]?.number == 2 && value["rate"]?.integer == 2 && value["list"]?[0] == 1 && value["list"]?[1] == nil)
        #expect(JSON.float(2).integer == nil && JSON.bigInteger("100000000000000000000").number == 1e20)
    }
}
