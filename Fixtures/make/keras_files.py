"""Writes Fixtures/keras_files: a model with nested, shared, repeated and frozen layers as a `.keras` and a `.weights.h5`.

    python make/keras_files.py keras3|tf_keras      (a Python with Keras 3.15 or tf_keras 2.21, and h5py)

`branches.TAG.json` says what is in them: the path, layer name and shapes of every object with variables, the optimizer's shapes, and what the
model makes of an input. `windows.weights.h5` is `branches.k315.weights.h5` with the group names that Keras made on Windows, where a path was
joined by backslashes into one name.
"""

import importlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np

OUT = Path(__file__).resolve().parents[1] / "keras_files"
TAGS = {"keras3": ("keras", "k315"), "tf_keras": ("tf_keras", "tfk221")}


def branches(keras):
    layers = keras.layers
    inner = keras.Sequential([layers.Input((6,)), layers.Dense(5, activation="relu", name="one"), layers.BatchNormalization(name="two"),
                              layers.Dense(4, name="three")], name="inner")
    start = keras.Input((3,), name="half")
    narrow = layers.Dense(3, name="narrow")
    narrow.trainable = False
    other = keras.Model(start, layers.PReLU(name="slope")(narrow(start)), name="other")
    x, y = keras.Input((6,), name="x"), keras.Input((6,), name="y")
    first = layers.Dense(6, activation="tanh", name="shared")
    both = layers.Concatenate(name="both")([inner(first(x)), inner(first(y))])
    middle = layers.LayerNormalization(name="norm")(layers.Dense(3, name="third")(both))
    end = layers.Dense(2, activation="softmax", name="end")(layers.BatchNormalization(name="frozen", trainable=False)(other(middle)))
    return keras.Model([x, y], [end, layers.Dense(1, name="side")(middle)], name="branches")


def main():
    name = sys.argv[1]
    module, tag = TAGS[name]
    keras = importlib.import_module(module)
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    model = branches(keras)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=["sparse_categorical_crossentropy", "mean_squared_error"])
    inputs = [random.standard_normal((8, 6)).astype("float32") for _ in range(2)]
    model.fit(inputs, [random.integers(0, 2, 8), random.standard_normal((8, 1))], epochs=2, verbose=0)
    OUT.mkdir(exist_ok=True)
    model.save(OUT / f"branches.{tag}.keras")
    model.save_weights(OUT / f"branches.{tag}.weights.h5")
    objects = []
    with h5py.File(OUT / f"branches.{tag}.weights.h5") as file:
        file.visititems(lambda path, group: objects.append((path, group)) if path.endswith("vars") else None)
        found = {path[:-5]: [group[key].shape for key in sorted(group, key=int)] for path, group in objects if len(group)}
    optimizer = found.pop("optimizer")
    facts = {
        "keras": keras.__version__, "objects": found, "optimizer": optimizer,
        "weights": [[float(np.array(w).sum()), list(w.shape)] for w in model.weights],
        "inputs": [a.tolist() for a in inputs], "outputs": [np.array(a).tolist() for a in model(inputs)],
    }
    (OUT / f"branches.{tag}.json").write_text(json.dumps(facts) + "\n")
    if name == "keras3":
        windows(OUT / f"branches.{tag}.weights.h5", OUT / "windows.weights.h5")


def windows(source, target):
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        def copy(path, group):
            if path.endswith("/vars"):
                old.copy(group, new.create_group(path[:-5].replace("/", "\\")), "vars")
        old.visititems(copy)
        old.copy("vars", new, "vars")


main()
