"""Does real Keras read the architecture JSON the command writes, and is it the same model?

    python Tests/Interop/architectures.py DIR --keras keras3 [--keras-binary .build/release/keras]

`DIR` is what `random_models.py` wrote. Each model's JSON is written by the command in the model's own dialect and read by
`model_from_json`, whose `to_json` must give the same text, byte for byte. Given the weights of the file, it is run: the outputs must be those
the model gave when it was saved.
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from command import DEFAULT_BINARY, TOLERANCE, Refused, distance, keras as command, load
from float64 import finalize
from kerases import MODULES, imported
from random_models import run

DIALECTS = {"keras3": "keras3", "tf_keras": "tf.keras"}


def difference(ours, theirs, place=""):
    """The first place where two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and list(ours) == list(theirs):
        found = (difference(ours[key], theirs[key], f"{place}/{key}") for key in ours)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = (difference(a, b, f"{place}/{i}") for i, (a, b) in enumerate(zip(ours, theirs)))
    else:
        short = (lambda value: str(list(value) if isinstance(value, dict) else value)[:150])
        return "" if json.dumps(ours) == json.dumps(theirs) else f"{place}: {short(ours)}, {short(theirs)}"
    return next(filter(None, found), "")


def check(keras, folder, name, dialect, binary, scratch):
    """What is wrong with one model's JSON, or an empty string."""
    file = folder / f"{name}.h5"
    text = Path(scratch) / f"{name}.json"
    try:
        command(binary, "convert", file, text, "--to", dialect)
    except Refused as refusal:
        return f"refused: {refusal}"
    try:
        model = keras.models.model_from_json(text.read_text())
    except Exception as problem:
        return f"Keras cannot read it: {type(problem).__name__}: {str(problem).splitlines()[0][:150]}"
    back = model.to_json()
    if back != text.read_text():
        return f"Keras writes it otherwise: {difference(*map(json.loads, (text.read_text(), back)))}"
    try:
        original = keras.models.load_model(file, compile=False)
    except Exception:
        return "unjudged"
    if [w.shape for w in model.get_weights()] != [w.shape for w in original.get_weights()]:
        return "unjudged" if dialect == "keras3" else "other weights"
    model.set_weights(original.get_weights())
    finalize(model)
    arrays = load(folder / f"{name}.in.npz")
    found, wanted = run(model, model, arrays), load(folder / f"{name}.out.npz")
    worst = max(distance(a, b) for a, b in zip(found.values(), wanted.values()))
    return f"differs by {worst:.1e}" if worst > TOLERANCE or len(found) != len(wanted) else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    names = [case["name"] for case in json.loads((options.folder / "cases.json").read_text())["cases"]]
    verdicts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            keras.backend.clear_session()
            verdicts[name] = check(keras, options.folder, name, DIALECTS[options.keras], options.keras_binary, scratch)
    failures = {name: verdict for name, verdict in verdicts.items() if verdict not in ("", "unjudged")}
    unjudged = Counter(verdicts.values())["unjudged"]
    print(f"architecture JSON in {options.keras}: {len(names)} written, {unjudged} read but not run because Keras misreads its own .h5, "
          f"{len(names) - len(failures)} byte for byte")
    for name, verdict in failures.items():
        print(f"  {name}: {verdict}")
    print(f"{len(names) - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
