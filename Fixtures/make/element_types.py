"""Writes models in other types than float32, and quantized ones, with what Keras computes from them.

    python element_types.py        ->  Fixtures/old/k315_TYPE.h5, .keras, .npz; k315_int4.keras, k315_float8.keras, k315_gptq.keras (Keras 3.15)
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

import keras

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "old", "k315_")


def model(dtype):
    L = keras.layers
    made = keras.Sequential([L.Input((6, 6, 2), dtype=dtype), L.Conv2D(4, 3, activation="relu", dtype=dtype), L.Flatten(dtype=dtype),
                             L.Dense(8, activation="tanh", dtype=dtype), L.Dense(3, dtype=dtype)])
    numbers = np.random.RandomState(5)
    made.set_weights([numbers.uniform(-0.5, 0.5, np.shape(w)) for w in made.get_weights()])
    return made


x = np.random.RandomState(6).standard_normal((3, 6, 6, 2)).astype("float32")
for dtype in ("float16", "bfloat16", "float64"):
    made = model(dtype)
    for ending in (".h5", ".keras"):
        made.save(FOLDER + dtype + ending)
    np.savez(FOLDER + dtype + ".npz", in0=x, out0=np.array(made(x)).astype("float32"))


class Tokens:
    """Whatever GPTQ asks of a tokenizer."""

    def tokenize(self, text):
        return [1, 2, 3, 4]


for mode in ("int4", "float8"):
    made = model("float32")
    made.quantize(mode)
    made.save(FOLDER + mode + ".keras")
made = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4, dtype=keras.dtype_policies.get("gptq/4/8_from_float32"))])
made.save(FOLDER + "gptq.keras")
