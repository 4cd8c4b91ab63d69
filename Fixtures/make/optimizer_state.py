"""Models whose optimizers keep of each variable what hangs on it, after one step, and what their variables are by Keras's own lists.

    python optimizer_state.py ../training
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

# The attributes in which each keeps its variables, in the order of the model's.
LISTS = {
    "Lamb": {"momentum": "_momentums", "velocity": "_velocities"},
    "Adafactor": {"r": "_r", "c": "_c", "velocity": "_v"},
    "Muon": {"momentum": "momentums", "velocity": "adam_velocities"},
}
SETTINGS = {"Muon": {"exclude_layers": ["scores"]}}


def main():
    folder, known = Path(sys.argv[1]), {}
    for name, lists in LISTS.items():
        keras.utils.set_random_seed(1)
        model = keras.Sequential([
            keras.Input((3,), dtype="int32"), keras.layers.Embedding(4, 2, name="words"), keras.layers.Flatten(),
            keras.layers.Dense(3, name="hidden"), keras.layers.Dense(2, name="scores")])
        optimizer = getattr(keras.optimizers, name)(0.01, **SETTINGS.get(name, {}))
        model.compile(optimizer, "mean_squared_error")
        model.fit(np.array([[0, 1, 2], [3, 2, 1]]), np.ones((2, 2)), verbose=0)
        model.save(folder / f"{name.lower()}_k315.keras")
        what = {id(optimizer.iterations): [None, "iteration"], id(optimizer._learning_rate): [None, "learning_rate"]}
        for slot, attribute in lists.items():
            for variable, kept in zip(model.trainable_variables, getattr(optimizer, attribute)):
                if kept is not None:
                    what[id(kept)] = [variable.path, slot]
        known[name] = [what[id(variable)] for variable in optimizer.variables]
    (folder / "optimizer_state_k315.json").write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
