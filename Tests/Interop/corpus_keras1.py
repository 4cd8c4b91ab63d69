"""What Keras 1.2.2 computes from given files of its own: called by `corpus.py` in the environment that `old.py` makes for it.

    python corpus_keras1.py JOBS.json

A job is `{"file", "out", "turned"}`; plain Python 3.7. Files of Theano get the kernels of their convolutions turned back, since it runs on
TensorFlow here.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

import keras

BATCH, UNKNOWN_SIZE = 2, 7


def turn(layer):
    if "Convolution" not in type(layer).__name__ or not layer.weights:
        return
    weights = layer.get_weights()
    kernel = weights[0]
    axes = [0] if type(layer).__name__ == "Convolution1D" else [2, 3] if layer.dim_ordering == "th" else [0, 1]
    for axis in axes:
        kernel = np.flip(kernel, axis)
    layer.set_weights([kernel] + weights[1:])


def inputs_of(model):
    numbers = np.random.RandomState(5)
    tops = [layer.input_dim for layer in model.layers if type(layer).__name__ == "Embedding"]
    for tensor in model.inputs:
        shape = [BATCH] + [size or UNKNOWN_SIZE for size in keras.backend.int_shape(tensor)[1:]]
        drawn = numbers.randint(0, min(tops), shape) if tops and len(shape) == 2 else numbers.uniform(-1, 1, shape)
        yield drawn.astype("float32")


for job in json.load(open(sys.argv[1])):
    keras.backend.clear_session()
    try:
        model = keras.models.load_model(job["file"])
        if job["turned"]:
            for layer in model.layers:
                turn(layer)
        values = list(inputs_of(model))
        outputs = model.predict(values if len(values) > 1 else values[0])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        members = {"in%d" % i: value for i, value in enumerate(values)}
        members.update({"out%d" % i: value for i, value in enumerate(outputs)})
        np.savez(job["out"], **members)
    except Exception as problem:
        with open(job["out"] + ".error", "w") as file:
            file.write(" ".join(str(problem).split())[:300])
