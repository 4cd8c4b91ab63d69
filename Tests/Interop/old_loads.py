"""Loads files the command wrote with the Keras at hand, and predicts.

    python old_loads.py GENERATION FOLDER

Run by `old.py` in an environment of its own for each generation (Python 3.7 to 3.11), hence plain Python and nothing of the other scripts.
`FOLDER/GENERATION.json` lists the files and their inputs; each comes out as `FILE.GENERATION.npz`, and what Keras says of the others is written
into `FOLDER/GENERATION.said.json`.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# With oneDNN, TensorFlow 2.12 to 2.14 gives a model that comes after others other numbers; without it, it has no kernels for channels in front.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

GENERATION, FOLDER = sys.argv[1:]
# What it has loaded, and TensorFlow cannot run: channels in front.
NO_KERNEL = "no kernel"
if GENERATION == "tfk221":
    import tf_keras as keras
elif GENERATION.startswith("tf"):
    from tensorflow import keras
else:
    import keras


def predictions(file, inputs):
    keras.backend.clear_session()
    model = keras.models.load_model(file, compile=False)
    with np.load(inputs) as stored:
        values = [stored[name] for name in stored.files]
    outputs = model.predict(values if len(values) > 1 else values[0])
    return outputs if isinstance(outputs, list) else [outputs]


def main():
    said = {}
    with open(os.path.join(FOLDER, GENERATION + ".json")) as listing:
        entries = json.load(listing)
    for entry in entries:
        path = os.path.join(FOLDER, entry["file"])
        try:
            np.savez("%s.%s.npz" % (path, GENERATION), *predictions(path, entry["inputs"]))
        except Exception as problem:
            sentence = " ".join(("%s: %s" % (type(problem).__name__, problem)).split())
            said[entry["file"]] = NO_KERNEL if "NHWC" in sentence else sentence[:200]
    with open(os.path.join(FOLDER, GENERATION + ".said.json"), "w") as file:
        json.dump(said, file)


main()
