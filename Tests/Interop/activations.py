"""What every layer gives, in the command and in real Keras: `docs/activations.py` and `keras predict --activations`, through `keras diff`.

    python activations.py FOLDER --keras keras3|tf_keras [--count 10] [--keras-binary .build/release/keras]

FOLDER is what `random_models.py` wrote.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

from command import DEFAULT_BINARY, ROOT, Refused
from command import keras as command
from kerases import MODULES, imported



def snippet():
    spec = importlib.util.spec_from_file_location("activations_snippet", ROOT / "docs" / "activations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.activations


def spoilt(activations):
    """The same with the numbers of the middle layer moved: the one that must be named."""
    names = list(activations)
    middle = names[len(names) // 2]
    return {name: value + 1 if name in names[len(names) // 2:] else value for name, value in activations.items()}, middle


def as_numbered(found, mine):
    """Keras's values under the command's numbers: a layer's calls are numbered as Keras runs them there, as the file lists them here."""
    result = dict(found)
    for base in {name.split(":")[0] for name in found if ":" in name}:
        names = [name for name in found if name.split(":")[0] == base and name in mine.files]
        left = {name: found[name] for name in names}
        for name in names:
            best = min(left, key=lambda other: (left[other].shape != mine[name].shape,
                                                left[other].shape == mine[name].shape and np.abs(left[other] - mine[name]).max(initial=0)))
            result[name] = left.pop(best)
    return result


def check(keras, binary, folder, name, scratch, dump):
    arrays = np.load(folder / f"{name}.in.npz")
    found = dump(keras.models.load_model(folder / f"{name}.keras", compile=False), [arrays[a] for a in arrays.files])
    ours, theirs = scratch / "ours.npz", scratch / "theirs.npz"
    command(binary, "predict", folder / f"{name}.keras", folder / f"{name}.in.npz", "-o", scratch / "out.npz", "--activations", ours)
    mine = np.load(ours)
    lacking = [layer for layer in found if layer not in mine.files]
    if lacking:
        return f"{name}: no activations of {', '.join(lacking)}; there are {', '.join(mine.files)}"
    found = as_numbered(found, mine)
    np.savez(theirs, **found)
    try:
        command(binary, "diff", "--activations", ours, theirs, "--tolerance", 1e-3)
    except Refused as refusal:
        return f"{name}: {refusal}"
    numeric = {layer: value for layer, value in found.items() if value.dtype.kind == "f"}
    wrong, middle = spoilt(numeric)
    np.savez(theirs, **wrong)
    report = json.loads(run_to_the_end(binary, "diff", "--activations", "--json", "--tolerance", 1e-3, ours, theirs))
    first = next(layer for layer in mine.files if layer in wrong and list(wrong).index(layer) >= list(wrong).index(middle))
    return None if report.get("layer") == first else f"{name}: {report.get('layer')} is named, not {first}"


def run_to_the_end(binary, *arguments):
    import subprocess

    return subprocess.run([str(binary), *map(str, arguments)], capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    keras, dump, failed = imported(options.keras), snippet(), 0
    cases = json.loads((options.folder / "cases.json").read_text())["cases"][: options.count]
    for case in cases:
        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                problem = check(keras, options.keras_binary, options.folder, case["name"], Path(scratch), dump)
            except Refused as refusal:
                problem = f"{case['name']}: {refusal}"
        if problem:
            print(problem, flush=True)
            failed += 1
    print(f"activations: {len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
