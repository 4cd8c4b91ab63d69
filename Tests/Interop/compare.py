"""Compares the Swift command with what `random_models.py` wrote.

    python compare.py DIR [--keras-binary .build/release/keras]

An output agrees when it is within 1e-5 of Keras's float32, relative to its largest value, or at most twice as far from
the float64 reference as Keras itself. The last line is `N passed, N failed`; the exit status is 1 when any failed.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from command import DEFAULT_BINARY, Refused, agrees, distance, load, predict


def problem_with(found, wanted, doubles):
    """Why the outputs do not agree, or None."""
    if len(wanted) > 1 and list(found) != list(wanted):
        return f"outputs {list(found)}, Keras has {list(wanted)}"
    if len(found) != len(wanted):
        return f"{len(found)} outputs, Keras has {len(wanted)}"
    for value, (name, reference) in zip(found.values(), wanted.items()):
        if value.shape != reference.shape:
            return f"{name} has shape {value.shape}, in Keras {reference.shape}"
        if not agrees(value, reference, doubles[name]):
            own_error = distance(reference, doubles[name])
            return f"{name} differs by {distance(value, reference):.1e} (Keras from float64: {own_error:.1e})"
    return None


def forms(folder, name):
    """What one case can be run from: the whole model twice, and the pairs of architecture and weights where there are."""
    yield "", folder / f"{name}.h5", None
    yield " (.keras)", folder / f"{name}.keras", None
    if (folder / f"{name}.json").exists():
        yield " (.json + weights)", folder / f"{name}.json", folder / f"{name}_w.h5"
        yield " (.json + .weights.h5)", folder / f"{name}.json", folder / f"{name}.weights.h5"


def check(binary, folder, case, differences):
    """The problems of one case, one line each; its largest difference goes into `differences`."""
    name, problems = case["name"], []
    wanted, doubles = load(folder / f"{name}.out.npz"), load(folder / f"{name}.ref64.npz")
    for form, model, weights in forms(folder, name):
        try:
            with tempfile.TemporaryDirectory() as scratch:
                found = predict(binary, model, folder / f"{name}.in.npz", scratch, weights)
        except Refused as refusal:
            problems.append(f"{name}{form}: {' '.join(str(refusal).split())[:300]}")
            continue
        problem = problem_with(found, wanted, doubles)
        if problem:
            problems.append(f"{name}{form}: {problem}")
        else:
            worst = max(distance(a, b) for a, b in zip(found.values(), wanted.values()))
            differences.append((worst, f"{name}{form}"))
    return problems


def print_layers(cases, failed):
    """A table: in how many models a layer stands, and in how many that failed."""
    models = Counter(layer for case in cases for layer in case["layers"])
    failures = Counter(layer for case in cases if case["name"] in failed for layer in case["layers"])
    print(f"{'layer':28} models  failed")
    for layer in sorted(models):
        print(f"{layer:28} {models[layer]:6}  {failures[layer] or '':>6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    description = json.loads((options.folder / "cases.json").read_text())
    cases, differences, failed = description["cases"], [], set()
    for case in cases:
        problems = check(options.keras_binary, options.folder, case, differences)
        print(*problems, sep="\n", end="\n" if problems else "", flush=True)
        if problems:
            failed.add(case["name"])
    print_layers(cases, failed)
    print("largest differences among those that agree:")
    for difference, name in sorted(differences, reverse=True)[:5]:
        print(f"  {difference:.1e}  {name}")
    print(f"Keras {description['keras']}, seed {description['seed']}")
    print(f"{len(cases) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
