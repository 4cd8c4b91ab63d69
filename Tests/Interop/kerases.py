"""The two Kerases that judge."""

import gc
import importlib
import os

# TensorFlow's convolutions with the channels in front: it has them on every processor, but takes them by itself on those with AVX-512 alone.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
MODULES = {"keras3": "keras", "tf_keras": "tf_keras"}


def imported(name):
    """One of them, ready for what its models hold."""
    if name == "tf_keras":
        # Its SpectralNormalization asks TensorFlow for the Keras of its own kind, and is not found by name in its own files.
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    keras = importlib.import_module(MODULES[name])
    if name == "tf_keras":
        keras.utils.get_custom_objects()["SpectralNormalization"] = keras.layers.SpectralNormalization
    # What stays until the end need not be looked at whenever a session is cleared: a sixth of all the time.
    gc.freeze()
    return keras
