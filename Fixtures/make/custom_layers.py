"""Writes Fixtures/custom/: models with a Lambda, a layer of a class of somebody's own and operations, as both Kerases save them, and what they
give.

    python custom_layers.py
"""
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy
import tensorflow
import tf_keras

TARGET = pathlib.Path(__file__).resolve().parents[1] / "custom"
TARGET.mkdir(exist_ok=True)


def swish_gate(kerasx):
    @kerasx.saving.register_keras_serializable(package="mine")
    class Gate(kerasx.layers.Layer):
        """x · sigmoid(weight · x) · strength."""

        def __init__(self, strength=1.0, **named):
            super().__init__(**named)
            self.strength = strength

        def build(self, shape):
            self.gate = self.add_weight(name="gate", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * tensorflow.sigmoid(self.gate * x) * self.strength

        def get_config(self):
            return {**super().get_config(), "strength": self.strength}

    return Gate


def write(kerasx, tag):
    kerasx.utils.set_random_seed(3)
    gate = swish_gate(kerasx)
    x = kerasx.Input((6,), name="x")
    h = kerasx.layers.Dense(4, name="first")(x)
    h = gate(strength=1.5, name="gate")(h)
    h = kerasx.layers.Lambda(lambda t: t * 2.0 + 1.0, name="twice")(h)
    y = kerasx.layers.Dense(3, name="last")(h)
    model = kerasx.Model(x, y, name="with_code")
    model.get_layer("gate").set_weights([numpy.array([0.5, -1.0, 2.0, 1.5], "float32")])
    data = numpy.random.default_rng(1).standard_normal((5, 6)).astype("float32")
    for ending in (".h5", ".keras"):
        model.save(TARGET / f"code.{tag}{ending}")
    numpy.savez(TARGET / f"code.{tag}.npz", x=data, y=model.predict(data, verbose=0))

    x = kerasx.Input((6, 4), name="x")
    h = kerasx.layers.Dense(4, name="first")(x)
    if tag.startswith("k3"):
        h = keras.ops.concatenate([h + 3.0, 2.0 * x[:, ::-1]], axis=-1) * numpy.arange(8, dtype="float32")
        h = keras.ops.reshape(h, (-1, 48)) - keras.ops.mean(x, axis=[1, 2], keepdims=True)[:, 0]
    else:
        h = tensorflow.concat([h + 3.0, 2.0 * x[:, ::-1]], axis=-1) * numpy.arange(8, dtype="float32")
        h = tensorflow.reshape(h, (tensorflow.shape(h)[0], 48)) - tensorflow.reduce_mean(x, axis=[1, 2], keepdims=True)[:, 0]
    model = kerasx.Model(x, kerasx.layers.Dense(3, name="last")(h), name="with_operations")
    data = numpy.random.default_rng(2).standard_normal((5, 6, 4)).astype("float32")
    for ending in (".h5", ".keras"):
        model.save(TARGET / f"operations.{tag}{ending}")
    numpy.savez(TARGET / f"operations.{tag}.npz", x=data, y=model.predict(data, verbose=0))


write(keras, "k315")
write(tf_keras, "tfk221")
