"""Does `keras inspect` call each variable of an optimizer by what it is? Judged by the names that TensorFlow and Keras 3 gave them in the file.

    python slots.py [--corpus ../shared/corpus] [--keras-binary .build/release/keras]

Keras 1 and 2 numbered them (`Variable_3:0`): of theirs only that all are named, each once; `old.py` goes on from them.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import h5py

from command import DEFAULT_BINARY, ROOT, Refused, keras

# What a name in a file means where it is not Keras 3's word; several where optimizers differ.
WORDS = {"m": {"momentum"}, "v": {"velocity", "norm"}, "u": {"norm"}, "vhat": {"velocity_hat"}, "rms": {"velocity"}, "mg": {"average_gradient"},
         "accum_grad": {"accumulated_grad"}, "accum_var": {"accumulated_delta_var"}, "momentum_cache": {"u_product"}, "iter": {"iteration"}}


def wrong(variable):
    """What is wrong with one variable's name here, by its name in the file; or nothing."""
    stored, slot, weight = variable["stored"].split(":")[0], variable["slot"], variable["weight"]
    if "Variable" in stored or "param_" in stored:
        return ""
    # TensorFlow counts the cells of all recurrent layers; a cell's place tells it here.
    parts = re.sub(r"_cell_\d+", "_cell", stored).split("/")
    # A layer that a wrapper and the graph share is called by the wrapper's name here, by its own in the file.
    if weight and weight not in "_".join(parts) and not weight.endswith("_" + "_".join(parts[-2:])):
        return f"{stored} is said to be of {weight}"
    words = [part for part in parts if part in WORDS or part in {"iteration", "iterations", "variable", "learning_rate", slot}]
    if not words and not stored.endswith("_" + slot):
        return f"{stored} is said to be {slot}"
    if words and words[-1] in WORDS and slot not in WORDS[words[-1]]:
        return f"{stored} is said to be {slot}"
    return ""


def repeats_names(file):
    with h5py.File(file) as f:
        names = list(f["optimizer_weights"].attrs["weight_names"])
    return len(set(names)) < len(names)


def check(binary, file):
    """`(optimizer, what is wrong)`; None for a file without a state."""
    told = json.loads(keras(binary, "inspect", file, "--json"))
    size = told["keras"].get("optimizer_state")
    variables = told.get("optimizer_variables")
    if not size:
        return None
    if not variables and repeats_names(file):
        # Keras 3 before 3.10 wrote Adagrad's and Ftrl's arrays under one name: all but one are lost.
        return None
    if not variables:
        return f"not named: {size}"
    if len({(v["weight"], v["slot"]) for v in variables}) != len(variables):
        return "a slot is named twice"
    return next(filter(None, map(wrong, variables)), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    passed, failed, without = 0, 0, 0
    fixtures = (ROOT / "Fixtures" / "training").glob("loss_scale*.h5")
    for file in sorted([*(options.corpus / "generations").glob("*.h5"), *fixtures]):
        try:
            found = check(options.keras_binary, file)
        except Refused:
            continue
        if found is None:
            without += 1
        elif found:
            failed += 1
            print(f"{file.name}: {found}")
        else:
            passed += 1
    print(f"{without} files without a state\n{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
