"""What the Swift command saves, opened by real Keras: `.keras` and `.weights.h5` of the random models.

    python loads_in_keras.py DIR --keras keras3 [--keras-binary .build/release/keras]

Every `NAME.keras` and `NAME.h5` of `random_models.py` is converted to a `.keras` and a `.weights.h5` by the command. Keras loads the first with its
compile settings (or is told some), must give the numbers it gave for the original, evaluate, and train one step; the second is loaded into
the original. Where the original was trained, the optimizer's state must be kept bit for bit. The last line is `N passed, N failed`.
"""

import argparse
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from command import DEFAULT_BINARY, TOLERANCE, Refused, distance, keras as command, load
from kerases import MODULES, imported



def inputs_of(model, file):
    """The case's inputs in the model's order, each in the type the model takes."""
    arrays = load(file)
    names = [tensor.name.split(":")[0] for tensor in model.inputs]
    return [arrays[name] for name in names] if set(names) == set(arrays) else list(arrays.values())


def run(model, values):
    results = model(values if len(values) > 1 else values[0], training=False)
    return [np.array(a) for a in (results if isinstance(results, (list, tuple)) else [results])]


def same_bits(left, right):
    """Whether two lists of variables agree in every bit."""
    left, right = [np.array(a) for a in left], [np.array(a) for a in right]
    return len(left) == len(right) and all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(left, right))


def train(model, values, outputs):
    """Compiles the model and trains it a step."""
    model.compile(optimizer="adam", loss="mean_squared_error")
    fit(model, values, outputs)


def fit(model, values, outputs):
    targets = [np.zeros_like(a) for a in outputs]
    one = (lambda list: list if len(list) > 1 else list[0])
    before = model.evaluate(one(values), one(targets), verbose=0)
    model.fit(one(values), one(targets), epochs=1, verbose=0)
    if not np.all(np.isfinite(np.array(before, dtype="float64"))):
        raise ValueError(f"evaluate gives {before}")


def check(keras, binary, folder, case, trained, scratch):
    """The problems of one case."""
    name = case["name"]
    source = folder / f"{name}.keras"
    original = keras.models.load_model(source, compile=False)
    values = inputs_of(original, folder / f"{name}.in.npz")
    outputs = run(original, values)
    if trained:
        train(original, values, outputs)
        source, outputs = scratch / "trained.keras", run(original, values)
        original.save(source)
    whole, weights = scratch / "ours.keras", scratch / "ours.weights.h5"
    command(binary, "convert", source, whole)
    command(binary, "convert", source, weights)
    again = keras.models.load_model(whole)
    problems = []
    if not same_bits(original.get_weights(), again.get_weights()):
        problems.append("other weights")
    worst = max(distance(a, b) for a, b in zip(run(again, values), outputs))
    if worst > TOLERANCE:
        problems.append(f"predictions differ by {worst:.1e}")
    if trained and not same_bits(original.optimizer.variables, again.optimizer.variables):
        problems.append("other optimizer variables")
    if trained:
        fit(again, values, outputs)
    # Uncompiled: tf_keras wants its metrics' sums from the file too.
    again = keras.models.load_model(whole, compile=False)
    again.set_weights([np.zeros_like(a) for a in again.get_weights()])
    again.load_weights(weights)
    if not same_bits(original.get_weights(), again.get_weights()):
        problems.append("other weights from .weights.h5")
    return problems


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
    failed, refused, untrained = 0, 0, 0
    for index, case in enumerate(cases):
        keras.backend.clear_session()
        # Some random models Keras itself cannot train: those are compared as they are.
        for trained in (index % 2 == 0, False):
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    problems = check(keras, options.keras_binary, options.folder, case, trained, Path(scratch))
                except Refused as refusal:
                    problems = [str(refusal)]
                except Exception as problem:
                    if trained:
                        untrained += 1
                        continue
                    problems = [f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"]
            break
        for problem in problems:
            print(f"{case['name']}: {problem}", flush=True)
        failed += bool(problems)
    print(f"{untrained} that Keras does not train")
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
