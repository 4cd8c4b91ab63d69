"""Does real Keras load the `.h5` files the command writes, and go on with them?

    python saving.py --keras keras3 --models DIR [DIR …] [--corpus DIR] [--count 12] [--keras-binary .build/release/keras]

`DIR` is what `random_models.py` wrote. Each model is converted to a universal `.h5` and loaded by `load_model` with its
compile settings; one without any is compiled here. Its predictions must be the command's, and, where this Keras loads the
original too, the original's bit for bit; it must evaluate and fit one step. What the command refuses is counted by reason, and a class it
says this Keras lacks must be lacking.
"""

import argparse
import importlib
import json
import os
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from command import DEFAULT_BINARY, TOLERANCE, Refused, distance, keras as command, load, predict

MODULES = {"keras3": "keras", "tf_keras": "tf_keras"}
DIALECTS = {"keras": "keras3", "tf_keras": "tf.keras"}


def sentence(problem):
    """One line of what Keras or the command says."""
    return " ".join(str(problem).split())[:160]


def refusal(keras, problem):
    """The reason without the layer's name, and whether it is untrue of this Keras."""
    text = str(problem).splitlines()[0]
    lacking = re.search(r"(\S+) has no such layer.*found (\w+)", text)
    untrue = bool(lacking) and lacking[1] == DIALECTS[keras.__name__] and hasattr(keras.layers, lacking[2])
    return re.sub(r"^.*?(layer '[^']*'|@\w+)[^:]*: ", "", re.sub(r"(found|expected) [\[(].*?[\])]", r"\1 …", text))[:110], untrue


def targets(model, outputs, random):
    """Random targets of a kind that the model's loss takes."""
    losses = model.loss if isinstance(model.loss, (list, tuple, dict)) else [model.loss] * len(outputs)
    losses = list(losses.values()) if isinstance(losses, dict) else list(losses)
    result = []
    for index, value in enumerate(outputs):
        loss = str(getattr(losses[index], "name", losses[index]) if index < len(losses) else "")
        if "sparse" in loss:
            result.append(random.integers(0, value.shape[-1], value.shape[:-1] + (1,)))
        elif "categorical" in loss:
            result.append(np.eye(value.shape[-1], dtype="float32")[random.integers(0, value.shape[-1], value.shape[:-1])])
        else:
            result.append(random.uniform(0, 1, value.shape).astype("float32"))
    return result if len(result) > 1 else result[0]


def inputs_of(model, arrays):
    values = list(arrays.values())
    return values if len(values) > 1 else values[0]


def run(model, arrays):
    results = model.predict(inputs_of(model, arrays), verbose=0)
    return [np.array(value) for value in (results if isinstance(results, (list, tuple)) else [results])]


def go_on(model, arrays, outputs):
    """Evaluates and trains one step."""
    random = np.random.default_rng(1)
    if getattr(model, "optimizer", None) is None or not model.loss:
        model.compile("sgd", ["mse"] * len(outputs) if len(outputs) > 1 else "mse")
    inputs, wanted = inputs_of(model, arrays), targets(model, outputs, random)
    model.evaluate(inputs, wanted, verbose=0)
    model.fit(inputs, wanted, epochs=1, batch_size=len(outputs[0]), verbose=0)


def runs(keras, file, arrays):
    """False if this Keras loads the original and cannot run that either: TensorFlow's graphs break on a few models."""
    try:
        original = keras.models.load_model(file, compile=False)
    except Exception:
        return True
    try:
        run(original, arrays)
    except Exception:
        return False
    return True


def check(keras, file, arrays, options, scratch, tally):
    """The problems of one model, one line each."""
    universal = scratch / "universal.h5"
    universal.unlink(missing_ok=True)
    problems = []
    try:
        command(options.keras_binary, "convert", file, universal, "--to", "universal")
    except Refused as refused:
        reason, untrue = refusal(keras, refused)
        tally.refused[reason] += 1
        return [f"refused without reason: {reason}"] if untrue else []
    np.savez(scratch / "in.npz", **arrays)
    ours = list(predict(options.keras_binary, file, scratch / "in.npz", scratch).values())
    try:
        model = keras.models.load_model(universal)
        found = run(model, arrays)
    except Exception as problem:
        if not runs(keras, file, arrays):
            tally.unrun += 1
            return []
        return [f"does not load or run: {type(problem).__name__}: {sentence(problem)}"]
    worst = max(distance(a, b) for a, b in zip(ours, found)) if len(ours) == len(found) else np.inf
    if worst > TOLERANCE:
        problems.append(f"differs from the command by {worst:.1e}")
    try:
        original = keras.models.load_model(file, compile=False)
        wanted = run(original, arrays)
    except Exception:
        wanted = None
    if wanted is not None:
        tally.compared += 1
        if not all(np.array_equal(a, b) for a, b in zip(wanted, found)):
            problems.append(f"differs from the original by {max(map(distance, found, wanted)):.1e}")
    try:
        go_on(model, arrays, found)
    except Exception as problem:
        problems.append(f"does not go on: {type(problem).__name__}: {sentence(problem)}")
    tally.written += 1
    return problems


class Tally:
    def __init__(self):
        self.refused, self.written, self.compared, self.unrun = Counter(), 0, 0, 0


def cases(options):
    """Files with inputs for them: random models, then those of the collection that are whole models with a reference."""
    for folder in options.models:
        names = [case["name"] for case in json.loads((folder / "cases.json").read_text())["cases"]]
        for name in names[:options.count]:
            yield folder / f"{name}.h5", load(folder / f"{name}.in.npz")
    if options.corpus:
        from corpus import generation_cases, load as load_reference, members, real_cases
        corpus = options.corpus.resolve()
        for case in [*real_cases(corpus), *generation_cases(corpus)]:
            if case.reference and case.reference.exists() and options.only in str(case.file):
                yield case.file, {f"arr_{i}": value for i, value in enumerate(members(load_reference(case.reference), "in"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--count", type=int, default=12, help="models of each folder")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin with no further model after so long")
    parser.add_argument("--only", default="", help="only files of the collection whose path contains this")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = importlib.import_module(MODULES[options.keras])
    tally, failures, count, start = Tally(), 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        for file, arrays in cases(options):
            if time.monotonic() - start > options.seconds:
                print(f"stopped after {options.seconds:.0f} s")
                break
            keras.backend.clear_session()
            count += 1
            try:
                problems = check(keras, file, arrays, options, Path(scratch), tally)
            except Refused as refused:
                # What cannot be run cannot be compared, which other scripts look at.
                tally.refused["not run: " + refusal(keras, refused)[0]] += 1
                continue
            failures += bool(problems)
            for problem in problems:
                print(f"{file.parent.name}/{file.name}: {problem}", flush=True)
    print(f"universal .h5 in {options.keras} {keras.__version__}: {count} models, {tally.written} written, {tally.compared} compared with "
          f"the original bit for bit, {sum(tally.refused.values())} refused, {tally.unrun} whose original this Keras does not run")
    for reason, number in tally.refused.most_common():
        print(f"  {number:4} {reason}")
    print(f"{count - failures} passed, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
