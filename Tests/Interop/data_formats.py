"""Are models whose channels were moved by `keras convert --data-format` the same models?

    python data_formats.py DIR --keras keras3 [--count 100] [--keras-binary .build/release/keras]

`DIR` is what `random_models.py` wrote. Each model is converted to either format. On inputs moved likewise, real Keras and the command must
give the outputs it gave before, moved where the command says so (`command.py` says when numbers agree). Converted back, a model that had one
format throughout must have the weights it had, bit for bit, and give the outputs it gave. What cannot be said is refused, and counted by
reason. The last line is `N passed, N failed`.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import numpy as np

from command import DEFAULT_BINARY, Refused, agrees, distance, load, predict
from kerases import MODULES, imported

OTHER = {"channels_first": "channels_last", "channels_last": "channels_first"}


def convert(binary, source, result, data_format):
    """Converts, and returns the names of the inputs and the outputs that moved."""
    done = subprocess.run([binary, "convert", source, result, "--data-format", data_format], capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"exit {done.returncode}: {done.stderr.strip()}")
    return [set(re.findall(rf"^keras: {kind} '(.*)' is now \(", done.stderr, re.M)) for kind in ("input", "output")]


def moved(array, data_format):
    return np.moveaxis(array, -1, 1) if data_format == "channels_first" else np.moveaxis(array, 1, -1)


def formats(path):
    """The data formats that stand in a model."""
    with zipfile.ZipFile(path) as archive:
        return set(re.findall("channels_first|channels_last", archive.read("config.json").decode()))


def output_names(model):
    return getattr(model, "output_names", None) or [model.layers[-1].name]


def weights(path):
    """All arrays that the command finds in a model, in no order."""
    found = []
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, item: found.append(item[()]) if isinstance(item, h5py.Dataset) and "optimizer" not in name else None)
    return sorted((str(a.dtype), a.shape, a.tobytes()) for a in found)


def check(keras, binary, folder, case, data_format, scratch, tally):
    """The problems of one model in one format, one line each."""
    name, problems = case["name"], []
    arrays, wanted, doubles = (load(folder / f"{name}.{kind}.npz") for kind in ("in", "out", "ref64"))
    source, there, back = folder / f"{name}.keras", scratch / "there.keras", scratch / "back.keras"
    try:
        inputs, outputs = convert(binary, source, there, data_format)
    except Refused as refusal:
        if "exit 69" not in str(refusal):
            return [str(refusal)]
        tally.refused[re.sub(r"^.*?(layer '[^']*'|@\w+)[^:]*: |; found.*", "", str(refusal).splitlines()[0])[:110]] += 1
        return []
    tally.changed += bool(inputs)
    model = keras.models.load_model(there, compile=False)
    names = [tensor.name.split(":")[0] for tensor in model.inputs]
    values = [arrays[n] for n in names] if set(names) == set(arrays) else list(arrays.values())
    values = [moved(value, data_format) if n in inputs else value for n, value in zip(names, values, strict=True)]

    def compare(results, who):
        for n, value, reference, double in zip(output_names(model), results, wanted.values(), doubles.values(), strict=True):
            value = moved(value, OTHER[data_format]) if n in outputs else value
            if not agrees(value, reference, double):
                problems.append(f"{n} differs in {who} by {distance(value, reference):.1e}")

    np.savez(scratch / "in.npz", **dict(zip(names, values)))
    compare(predict(binary, there, scratch / "in.npz", scratch).values(), "the command")
    try:
        results = model(values if len(values) > 1 else values[0], training=False)
        compare([np.array(a) for a in (results if isinstance(results, (list, tuple)) else [results])], "Keras")
    except Exception as problem:
        tally.unrun[f"{type(problem).__name__}: {' '.join(str(problem).split())[:80]}"] += 1

    if formats(source) != {OTHER[data_format]}:
        return problems
    back_inputs, back_outputs = convert(binary, there, back, OTHER[data_format])
    tally.returned += 1
    if weights(source) != weights(back):
        problems.append("other weights after the way back")
    values = [moved(value, OTHER[data_format]) if n in back_inputs else value for n, value in zip(names, values)]
    np.savez(scratch / "in.npz", **dict(zip(names, values)))
    found = predict(binary, back, scratch / "in.npz", scratch).values()
    for n, value, reference, double in zip(output_names(model), found, wanted.values(), doubles.values(), strict=True):
        # A Permute at either end may have become a moved input or output.
        if n in outputs and n not in back_outputs:
            value = moved(value, OTHER[data_format])
        if n in back_outputs and n not in outputs:
            value = moved(value, data_format)
        if not agrees(value, reference, double):
            problems.append(f"{n} differs after the way back")
    return problems


class Tally:
    def __init__(self):
        self.refused, self.unrun, self.changed, self.returned = Counter(), Counter(), 0, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--count", type=int, default=24, help="how many of the models")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    cases = json.loads((options.folder / "cases.json").read_text())["cases"][: options.count]
    tally, failed = Tally(), 0
    for case in cases:
        problems = []
        for data_format in OTHER:
            keras.backend.clear_session()
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    found = check(keras, options.keras_binary, options.folder, case, data_format, Path(scratch), tally)
                except Exception as problem:
                    found = [f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"]
            problems += [f"{data_format}: {text}" for text in found]
        for problem in problems:
            print(f"{case['name']} {problem}", flush=True)
        failed += bool(problems)
    print(f"{2 * len(cases)} conversions, {tally.changed} with other inputs, {tally.returned} and back, {sum(tally.refused.values())} refused, "
          f"{sum(tally.unrun.values())} that Keras does not run")
    for title, counter in (("refused", tally.refused), ("not run by Keras", tally.unrun)):
        for text, n in counter.most_common():
            print(f"  {n:4} {title}: {text}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
