"""Writes the weights of a model of a class of its own, which no file says how to build.

    python subclassed.py keras|tf_keras|tensorflow.keras NAME        ->  Fixtures/old/NAME.weights.h5
"""

import importlib
import os
import sys

import numpy as np

keras = importlib.import_module(sys.argv[1]) if sys.argv[1] != "tensorflow.keras" else __import__("tensorflow").keras


class Block(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.inner = keras.layers.Dense(units)

    def call(self, x):
        return self.inner(x)


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(4)
        self.blocks = [Block(3), Block(2)]

    def call(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return x


model = Own()
model(np.zeros((1, 5), "float32"))
numbers = np.random.RandomState(4)
model.set_weights([numbers.uniform(-1, 1, np.shape(w)).astype("float32") for w in model.get_weights()])
model.save_weights(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "old", sys.argv[2] + ".weights.h5"))
