import JSON
import Tensors
import Testing

@Suite struct YAMLTests {
    /// As PyYAML writes them, and as JSON has them.
    static let texts: [(String, JSON)] = [
        ("a: 1\nb: [1, 2.5, null, true]\n", ["a": 1, "b": [1, 2.5, nil, true]]),
        ("- - x\n  - 0\n- {}\n- []\n", [["x", 0], [:], []]),
        (
            "config:\n- class_name: Dense\n  config:\n    units: 3\n    name: d\n",
            ["config": [["class_name": "Dense", "config": ["units": 3, "name": "d"]]]]
        ),
        ("shape: !!python/tuple\n- null\n- 5\nrest: x\n", ["shape": [nil, 5], "rest": "x"]),
        ("shape: !!python/tuple [null, 5]\n", ["shape": [nil, 5]]),
        ("size: &id001 !!python/tuple\n- 2\n- 1\nstrides: *id001\n", ["size": [2, 1], "strides": [2, 1]]),
        ("a: &id001 {}\nb: *id001\n", ["a": [:], "b": [:]]),
        ("a: {name: L1L2, l1: 0.0, l2: 1.0e-05}\n", ["a": ["name": "L1L2", "l1": 0.0, "l2": 1e-5]]),
        (
            "version: 1.2.2\nother: '2'\nlong: a text\n  over two lines\n",
            ["version": "1.2.2", "other": "2", "long": "a text over two lines"]
        ),
        ("a: \"x\\n\\xe3\\\n  y\"\nb: 'it''s'\n", ["a": "x\nãy", "b": "it's"]),
        ("a: !!python/unicode 'x'\nb: |\n  two\n  lines\nc: ~\n", ["a": "x", "b": "two\nlines\n", "c": nil]),
        ("a:\n  b:\n    c: .inf\n  d: -3\n# a remark\ne: 07x\n", ["a": ["b": ["c": .float(.infinity)], "d": -3], "e": "07x"]),
        ("--- # a remark\na: 1\n...\n", ["a": 1]),
        ("'a b': 1\n\"c\": 2\n'it''s': 3\n", ["a b": 1, "c": 2, "it's": 3]),
        ("- 'a'\n- 'b': c\n", ["a", ["b": "c"]]),
        ("a: |\n  one\n\n  two\nb: >\n  x\n  y\n\n  z\n", ["a": "one\n\ntwo\n", "b": "x y\nz\n"]),
        ("a: |-\n  one\n\nb: 1\n", ["a": "one", "b": 1]),
        ("a: |+ # all\n  one\n\nb: |\n  one\n\n\nc: 1\n", ["a": "one\n\n", "b": "one\n", "c": 1]),
        ("- >-\n  x\n   more\n  y\n- |2\n   x\n- >\n  x\n\n\n  y\n\n", ["x\n more\ny", " x\n", "x\n\ny\n"]),
        (">\n\n  x\n  y", "\nx y"), ("a: >\n x\n\n    ind\n y\n", ["a": "x\n\n   ind\ny\n"]),
        ("a: |\r\n  one\r\n\r\n  two\r\nb: 'x\r\n  y'\r\nc: z\r\n", ["a": "one\n\ntwo\n", "b": "x y", "c": "z"]),
        ("a: 'one  \n  two\n\n\n  three'\nb: \"x\n\n  y\"\n", ["a": "one two\n\nthree", "b": "x\ny"]),
        ("loss: {class_name: X, shape: [1,\n    2, 3]}\n", ["loss": ["class_name": "X", "shape": [1, 2, 3]]]),
    ]

    @Test(arguments: texts.indices) func textsMeanWhatTheyMeanInPython(index: Int) throws {
        let (text, value) = YAMLTests.texts[index]
        #expect(try JSON(yaml: text.utf8) == value)
    }

    @Test func codeIsKeptAsDataAndNotRun() throws {
        let value = try JSON(yaml: "a: !!python/object/apply:os.system ['touch /tmp/x']\n".utf8)
        #expect(value == ["a": ["!!python/object/apply:os.system": ["touch /tmp/x"]]])
    }

    @Test func aliasesThatGrowAreStopped() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect { try JSON(yaml: text.utf8) } throws: { ($0 as? KerasError)?.problems.map(\.kind) == [.resource] }
    }

    @Test func deepTextsAreStopped() throws {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000), String(repeating: "{a: ", count: 9_000),
        ] {
            #expect { try JSON(yaml: text.utf8) } throws: { ($0 as? KerasError)?.problems.map(\.kind) == [.resource] }
        }
    }

    @Test(arguments: [
        "a: [1, 2", "a: 'x", "a: *nothing", "a: 1\n   b: 2", "? x\n: y", "a: 1\na: 2", "{a 1}", "a: \"\\q\"", "a: [1}", "[a, , b]",
        "{a: ]}",
    ])
    func whatIsNoYAMLIsRefused(text: String) {
        #expect { try JSON(yaml: text.utf8) } throws: { ($0 as? KerasError)?.problems.map(\.kind) == [.malformed] }
    }
}
