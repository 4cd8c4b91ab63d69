"""Trains the demo model with real Keras 3 and records what Keras computes with it.

    python Fixtures/make/mnist_cnn.py mnist.npz

`mnist.npz` is the file `keras.datasets.mnist` downloads. The network is the one of TensorFlow's image tutorial, trained
on raw pixel values 0...255, so that the test set can be given to it as it is.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import h5py
import keras
import numpy as np
from keras import layers

FIXTURES = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(FIXTURES.parent / "Tests" / "Interop"))
from float64 import in_float64  # noqa: E402

GOLDEN_IMAGES = 64


def build():
    """TensorFlow's tutorial CNN: 93,322 parameters."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ], name="mnist_cnn")


def compile_with(model, rate):
    """Compiles with a fresh Adam."""
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def train(model, x, y):
    """Four epochs at Adam's usual rate, then two at a tenth of it."""
    for rate, epochs in ((1e-3, 4), (1e-4, 2)):
        compile_with(model, rate)
        model.fit(x, y, batch_size=64, epochs=epochs, verbose=2)


def save(model, file):
    """Saves with the compile settings and no optimizer state.

    A fresh optimizer has a step counter and a rate; Keras 3 writes the two and cannot read them back.
    """
    model.save(file)
    with h5py.File(file, "r+") as f:
        del f["optimizer_weights"]


def golden(model, x, y):
    """What Keras computes with the saved model on the test set."""
    loss, accuracy = model.evaluate(x, y, batch_size=32, verbose=1)
    first = x[:GOLDEN_IMAGES]
    return {
        "predictions": model.predict(first, batch_size=32, verbose=0),
        "predictions_float64": in_float64(keras, model).predict(first.astype("float64"), batch_size=32, verbose=0),
        "loss": np.float64(loss),
        "accuracy": np.float64(accuracy),
    }


def main(path):
    keras.utils.set_random_seed(7)
    with np.load(path) as data:
        x_train, y_train, x_test, y_test = (data[k] for k in ("x_train", "y_train", "x_test", "y_test"))
    np.savez_compressed(FIXTURES / "mnist_test.npz", x_test=x_test, y_test=y_test)
    model = build()
    assert model.count_params() == 93_322
    train(model, x_train.astype("float32"), y_train)
    compile_with(model, 1e-4)
    file = FIXTURES / "mnist_cnn_k315.h5"
    save(model, file)
    recorded = golden(keras.models.load_model(file), x_test.astype("float32"), y_test)
    assert recorded["accuracy"] >= 0.99
    np.savez(FIXTURES / "mnist_cnn_k315.golden.npz", **recorded)
    print(f"loss {recorded['loss']!r}, accuracy {recorded['accuracy']!r}")


if __name__ == "__main__":
    main(sys.argv[1])
