"""Writes Fixtures/json: texts as Python's json.dumps lays them out. The tests read them and must write the same bytes."""
import json
import math
import pathlib
import random
import struct

goal = pathlib.Path(__file__).resolve().parent.parent / "json"
goal.mkdir(exist_ok=True)
random.seed(1)

floats = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 1e-4, 0.001, 1e-07, 1e15, 1e16, 1e17, 123456789012345.6, 1234567890123456.7, 12345678901234567.0,
          9007199254740993.0, 1.8014398509481984e16, 1e22, 1e23, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.30000000000000004,
          math.pi, 100.0, 1e100, 1.5e-9, math.inf, -math.inf, math.nan]
while len(floats) < 3000:
    value = struct.unpack("<d", struct.pack("<Q", random.getrandbits(64)))[0]
    if not math.isnan(value):
        floats.append(value)
floats += [random.uniform(-1, 1) * 10 ** random.randint(-8, 18) for _ in range(1000)]
floats += [struct.unpack("<f", struct.pack("<f", random.gauss(0, 1)))[0] for _ in range(500)]

values = {
    "null": None, "true": True, "false": False, "integers": [0, -1, 2**31, 2**63 - 1, -(2**63), 2**63, -(10**30), 10**100],
    "strings": ["", "plain", "quote\" back\\ slash/ nl\n cr\r tab\t bs\b ff\f nul\0 unit\x1f del\x7f", "é ü 日本 \u2028 😀 \U0010ffff"],
    "empty": [[], {}, [[]], [{}], {"": []}], "nested": {"a": {"b": [1, 2.0, {"c": None}]}},
    "clé": "value", "order": {"z": 1, "a": 2, "m": 3}, "many": {f"key_{i}": i for i in range(40)},
}

(goal / "floats.json").write_text(json.dumps(floats))
(goal / "values.json").write_text(json.dumps(values))
(goal / "values.indented.json").write_text(json.dumps(values, indent=4))
(goal / "values.compact.json").write_text(json.dumps(values, separators=(",", ":")))
