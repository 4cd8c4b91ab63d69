"""Models in the neighbours' formats, judged by the neighbours' own libraries.

    python neighbours.py DIR [--count 200] [--keras-binary .build/release/keras]

DIR is what `random_models.py` wrote. ONNX: the export passes onnx's checker and, run by ONNX Runtime on batches of two sizes,
agrees with the command's own prediction (`command.py` says when numbers agree). Safetensors: the library reads the same weights
as h5py, a file the library wrote is read, and the way there and back changes nothing. A model that cannot be said is refused
with a reason, which is counted; any other failure is one.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from command import DEFAULT_BINARY, Refused, agrees, distance, keras, load, predict

UNSUPPORTED = "exit 69"


def reason_of(refusal):
    """The kind of a refusal, without names and numbers."""
    text = re.sub(r"^.*?(?:/\S+: )+", "", str(refusal).splitlines()[0])
    return re.sub(r"layer '[^']*': |; found .*", "", text)[:120]


def session_for(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def fed(session, arrays):
    """The inputs by the session's names, in its types; ours are named as the archive's members or by position."""
    wanted = session.get_inputs()
    types = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
    by_name = {node.name for node in wanted} == set(arrays)
    values = [arrays[node.name] for node in wanted] if by_name else list(arrays.values())
    return {node.name: value.astype(types[node.type]) for node, value in zip(wanted, values, strict=True)}


def check_onnx(binary, model, arrays, doubles, folder, differences):
    path = folder / "model.onnx"
    keras(binary, "convert", model, path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = session_for(path)
    longer = {name: np.concatenate([array, array[:1]]) for name, array in arrays.items()}
    for batch in (arrays, longer):
        np.savez(folder / "in.npz", **batch)
        ours = predict(binary, model, folder / "in.npz", folder)
        theirs = dict(zip(ours, session.run(None, fed(session, batch)), strict=True))
        for (name, value), double in zip(ours.items(), doubles.values()):
            reference = double if batch is arrays else np.concatenate([double, double[:1]])
            if theirs[name].shape != value.shape:
                raise AssertionError(f"{name} has shape {theirs[name].shape} in ONNX Runtime, {value.shape} here")
            differences.append((distance(theirs[name], value), model.name))
            if not agrees(theirs[name], value) and not agrees(value, theirs[name], reference):
                raise AssertionError(f"{name} differs by {distance(theirs[name], value):.1e}")


def stored_weights(path):
    """Every array under `model_weights`, as bytes with dtype and shape."""
    found = []
    with h5py.File(path) as file:
        file["model_weights"].visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return sorted((str(a.dtype), a.shape, a.tobytes()) for a in found)


def check_safetensors(binary, model, folder):
    path, again, back = folder / "model.safetensors", folder / "again.safetensors", folder / "back.h5"
    keras(binary, "convert", model, path)
    arrays = {name: array for name, array in load_file(path).items() if not name.startswith("optimizer/")}
    if sorted((str(a.dtype), a.shape, a.tobytes()) for a in arrays.values()) != stored_weights(model):
        raise AssertionError("the library reads other weights than h5py")
    with safe_open(path, framework="numpy") as file:
        save_file(load_file(path), again, metadata=file.metadata())
    keras(binary, "diff", path, again)
    keras(binary, "convert", again, back)
    keras(binary, "diff", model, back)
    if stored_weights(back) != stored_weights(model):
        raise AssertionError("the way there and back changes weights")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200, help="models at most")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    cases = json.loads((options.folder / "cases.json").read_text())["cases"][: options.count]
    passed, failed, refused, differences = Counter(), 0, Counter(), []
    for case in cases:
        model = options.folder / f"{case['name']}.h5"
        arrays, doubles = (load(options.folder / f"{case['name']}.{kind}.npz") for kind in ("in", "ref64"))
        checks = {
            "ONNX": lambda folder: check_onnx(options.keras_binary, model, arrays, doubles, folder, differences),
            "safetensors": lambda folder: check_safetensors(options.keras_binary, model, folder),
        }
        for kind, check in checks.items():
            try:
                with tempfile.TemporaryDirectory() as scratch:
                    check(Path(scratch))
                passed[kind] += 1
            except Refused as refusal:
                if UNSUPPORTED in str(refusal):
                    refused[f"{kind}: {reason_of(refusal)}"] += 1
                    continue
                failed += 1
                print(f"{case['name']} {kind}: {' '.join(str(refusal).split())[:300]}", flush=True)
            except Exception as problem:
                failed += 1
                print(f"{case['name']} {kind}: {type(problem).__name__}: {' '.join(str(problem).split())[:300]}", flush=True)
    for reason, count in refused.most_common():
        print(f"refused {count}: {reason}")
    for difference, name in sorted(differences, reverse=True)[:3]:
        print(f"ONNX Runtime from ours: {difference:.1e}  {name}")
    print(", ".join(f"{kind} {count} of {len(cases)}" for kind, count in passed.items()))
    print(f"{sum(passed.values())} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
