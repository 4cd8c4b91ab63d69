"""Writes models whose unrolled loops go both ways over masked steps: Keras looks up which outputs are 0 in the mask as it came.

    python unrolled.py keras|tf_keras NAME        ->  Fixtures/old/NAME.h5, NAME.npz

Run with Keras 3.15 (`keras`, k315_unrolled) and tf_keras 2.21 (`tf_keras`, tfk221_unrolled), both on TensorFlow.
"""

import importlib
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np

NAME = sys.argv[2]
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "old", NAME)
keras = importlib.import_module(sys.argv[1])
L = keras.layers
keras.utils.set_random_seed(1)
start = L.Input((6, 3))
x = L.Bidirectional(L.SimpleRNN(4, return_sequences=True, unroll=True, name="rnn"), merge_mode="sum", name="sum")(L.Masking(name="mask")(start))
x = L.Bidirectional(L.GRU(4, return_sequences=True, unroll=True, name="gru"), name="both")(x)
model = keras.Model(start, L.LSTM(5, unroll=True, go_backwards=True, return_sequences=True, name="last")(x))
steps = np.random.RandomState(3).normal(size=(5, 6, 3)).astype("float32")
for sample, masked in enumerate([slice(0, 2), slice(3, 6), slice(2, 3), slice(0, 6)]):
    steps[sample, masked] = 0
model.save(FOLDER + ".h5")
np.savez(FOLDER + ".npz", in0=steps, out0=model.predict(steps, verbose=0))
