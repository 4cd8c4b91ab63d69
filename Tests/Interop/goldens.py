"""Outputs that other people's Kerases left beside their files: do we give the same, layer by layer?

    python goldens.py [--corpus ../shared/corpus] [--keras-binary .build/release/keras]

DL4J's `NAME_inputs_and_outputs.h5` hold what the Keras of their day made of `NAME_model.h5`, every layer's activations and the predictions; for
some files of `generations/` inputs and outputs lie beside them. Then models that say how many digits of MNIST's test set they know.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from command import DEFAULT_BINARY, ROOT, TOLERANCE, Refused, distance, keras, load

# Of `generations/`: the model, its inputs, and what its Keras gave.
BESIDE = [("k1th_model.h5", "_kx.npy", "_ky.npy")] + [
    (f"{name}.h5", given, f"{name}.npy") for name, given in (
        ("k2_lstm", "_lx.npy"), ("k2_gru", "_lx.npy"), ("k2_leaky", "_lz.npy"), ("k2_up", "_ly.npy"), ("tf24_lstm", "_lx.npy"),
        ("tf24_gru", "_lx.npy"))]


def names(group, what):
    return json.loads(group.attrs[what])[what]


def check_golden(golden, model, binary, scratch):
    """The layers that differ, with how far; None without a model."""
    with h5py.File(golden) as file:
        inputs = [file["inputs"][name][()] for name in names(file, "inputs")]
        wanted = {name: value[()] for name, value in file["activations"].items()}
        predictions = [file["predictions"][name][()] for name in names(file, "outputs")]
    np.savez(scratch / "in.npz", *inputs)
    keras(binary, "predict", model, scratch / "in.npz", "-o", scratch / "out.npz", "--activations", scratch / "layers.npz")
    found, layers = list(load(scratch / "out.npz").values()), load(scratch / "layers.npz")
    far = {name: distance(layers[name], value) for name, value in wanted.items() if name in layers}
    far |= {f"prediction {index}": distance(a, b) for index, (a, b) in enumerate(zip(found, predictions, strict=True))}
    missing = [name for name in wanted if name not in layers]
    return len(far), {name: value for name, value in far.items() if not value <= TOLERANCE} | dict.fromkeys(missing, np.inf)


def check_beside(folder, model, given, wanted, binary, scratch):
    keras(binary, "predict", folder / model, folder / given, "-o", scratch / "out.npy")
    return distance(np.load(scratch / "out.npy"), np.load(folder / wanted))


def check_corners(folder, binary, scratch):
    """TensorFlow 2.4's bilinear picture of 4 × 4, whose own input was written over: its corners are the input's numbers."""
    wanted = np.load(folder / "tf24_up.npy")
    np.save(scratch / "corners.npy", wanted[:, ::3, ::3])
    keras(binary, "predict", folder / "tf24_up.h5", scratch / "corners.npy", "-o", scratch / "out.npy")
    return distance(np.load(scratch / "out.npy"), wanted)


def check_moved(folder, model, given, wanted, binary, scratch):
    """The same with the channels of its images at the other end: what flattens them must go on as it did."""
    keras(binary, "convert", folder / model, scratch / "moved.keras", "--data-format", "channels_last")
    np.save(scratch / "moved.npy", np.moveaxis(np.load(folder / given), 1, -1))
    keras(binary, "predict", scratch / "moved.keras", scratch / "moved.npy", "-o", scratch / "out.npy")
    return distance(np.load(scratch / "out.npy"), np.load(folder / wanted))


def digits(corpus):
    """`(file, of 10,000)` of the models of the index that say how many they know; their pixels go from 0 to 1."""
    with (corpus / "INDEX.tsv").open(newline="") as index:
        for row in csv.DictReader(index, delimiter="\t"):
            if row["accuracy"].startswith("mnist /255 "):
                yield corpus / row["file"], int(row["accuracy"].split()[-1].split("/")[0])


def count_digits(model, data, binary, scratch):
    with np.load(data) as mnist:
        images, labels = mnist["x_test"], mnist["y_test"]
    np.save(scratch / "x.npy", (images / np.float32(255))[..., np.newaxis])
    keras(binary, "predict", model, scratch / "x.npy", "-o", scratch / "y.npy")
    return int((np.load(scratch / "y.npy").argmax(-1) == labels).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    corpus, binary = options.corpus.resolve(), options.keras_binary
    passed, failed, layers = 0, [], 0

    def note(name, good, words):
        nonlocal passed
        passed += good
        if not good:
            failed.append(f"{name}: {words}")
        print(("agrees  " if good else "DIFFERS ") + f"{name}: {words}")

    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for golden in sorted(corpus.rglob("*_inputs_and_outputs.h5")):
            model = golden.with_name(golden.name.replace("_inputs_and_outputs", "_model"))
            if not model.exists():
                print(f"        {golden.name}: the collection has no model to it")
                continue
            try:
                count, far = check_golden(golden, model, binary, scratch)
                layers += count
                note(golden.name, not far, ", ".join(f"{name} by {value:.1e}" for name, value in far.items()) or f"{count} values")
            except Refused as refusal:
                note(golden.name, False, str(refusal)[:200])
        for model, given, wanted in BESIDE:
            try:
                apart = check_beside(corpus / "generations", model, given, wanted, binary, scratch)
                note(model, apart <= TOLERANCE, f"{apart:.1e}")
            except Refused as refusal:
                note(model, False, str(refusal)[:200])
        try:
            apart = check_moved(corpus / "generations", *BESIDE[0], binary, scratch)
            note(f"{BESIDE[0][0]}, channels last", apart <= TOLERANCE, f"{apart:.1e}")
            apart = check_corners(corpus / "generations", binary, scratch)
            note("tf24_up.h5", apart <= TOLERANCE, f"{apart:.1e}")
        except Refused as refusal:
            note(BESIDE[0][0], False, str(refusal)[:200])
        for model, known in digits(corpus):
            found = count_digits(model, corpus.parent / "data" / "mnist.npz", binary, scratch)
            note(model.name, found == known, f"{found} of 10000 digits, {known} in Keras")
    print(f"{layers} values of layers and outputs compared")
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
