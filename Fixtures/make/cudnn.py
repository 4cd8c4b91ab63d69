"""Writes models of cuDNN's recurrent layers, which this machine need not have: Keras builds them and converts their weights on loading.

    python cudnn.py keras|tf_keras NAME        ->  Fixtures/old/NAME.h5, NAME.keras, NAME.json, NAME_plain.json, NAME_plain_w.h5, NAME.npz

`NAME.h5` has the weights as cuDNN does, `NAME_plain_w.h5` those that Keras makes of them for plain layers, `NAME.npz` what those give. Run with
Keras 2.2.4 on TensorFlow 1.15 (`keras`, k224_cudnn) and tf_keras 2.21 (`tf_keras`, tfk221_cudnn).
"""

import importlib
import os
import sys

import numpy as np

NAME = sys.argv[2]
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "old", NAME)
keras = importlib.import_module(sys.argv[1])
if sys.argv[1] == "keras":
    import tensorflow as tf

    CUDNN = keras.layers
    # Nothing is to be found a place for but what is run.
    keras.backend.set_session(tf.Session(config=tf.ConfigProto(graph_options=tf.GraphOptions(place_pruned_graph=True))))
else:
    # They are kept for programs of TensorFlow 1.
    from tf_keras.src.layers.rnn import cudnn_gru, cudnn_lstm
    CUDNN = type("CuDNN", (), {"CuDNNLSTM": cudnn_lstm.CuDNNLSTM, "CuDNNGRU": cudnn_gru.CuDNNGRU})


def model(lstm, gru, of_lstm={}, of_gru={}):
    L = keras.layers
    start = L.Input(shape=(5, 3))
    x = L.Bidirectional(lstm(4, return_sequences=True, name="lstm", **of_lstm), name="both")(start)
    x = gru(6, return_sequences=True, go_backwards=True, name="gru", **of_gru)(x)
    x = lstm(5, name="last", **of_lstm)(x)
    return keras.models.Model(start, L.Dense(2, name="out")(x))


numbers = np.random.RandomState(3)
packed = model(CUDNN.CuDNNLSTM, CUDNN.CuDNNGRU)
packed.set_weights([numbers.uniform(-0.7, 0.7, np.shape(w)).astype("float32") for w in packed.get_weights()])
packed.save(FOLDER + ".h5")
if sys.argv[1] == "tf_keras":
    packed.save(FOLDER + ".keras")
with open(FOLDER + ".json", "w") as file:
    file.write(packed.to_json())
sigmoid = {"recurrent_activation": "sigmoid"}
plain = model(keras.layers.LSTM, keras.layers.GRU, sigmoid, dict(sigmoid, reset_after=True))
plain.load_weights(FOLDER + ".h5")
plain.save_weights(FOLDER + "_plain_w.h5")
with open(FOLDER + "_plain.json", "w") as file:
    file.write(plain.to_json())
x = numbers.standard_normal((4, 5, 3)).astype("float32")
np.savez(FOLDER + ".npz", in0=x, out0=plain.predict(x))
