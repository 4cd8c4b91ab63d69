"""The same model in float64: the reference that both Kerases and the Swift command are measured against."""

import json
import re

NARROW = re.compile(r'"(float32|(mixed_)?b?float16)"')
NO_DOUBLE_KERNEL = "MaxPooling3D"  # it only picks values: in float32 it rounds them once
SINGLE = "Single" + NO_DOUBLE_KERNEL
# They hand on what they get when predicting, and cannot be built of float64 in tf_keras.
HANDED_ON = ("RandomRotation", "RandomHeight", "RandomWidth")


def in_float64(keras, model):
    """Rebuilds `model` with every layer in float64 and the same weights.

    A dtype stands in a config as a string such as "float32", alone or as a policy's name, so replacing that string reaches
    every generation's way of saying it, nested models and all.
    """
    config = json.loads(NARROW.sub('"float64"', model.to_json()))
    keep_single(config)
    before = keras.backend.floatx()
    keras.backend.set_floatx("float64")
    try:
        double = keras.models.model_from_json(json.dumps(config), custom_objects={SINGLE: in_single(keras)})
        double.set_weights(model.get_weights())
        finalize(double)
    finally:
        keras.backend.set_floatx(before)
    return double


def in_single(keras):
    """The layer TensorFlow cannot run in float64, in float32 between float64: a layer after it may take its numbers as they come."""
    import tensorflow

    class Single(getattr(keras.layers, NO_DOUBLE_KERNEL)):
        def call(self, inputs):
            return tensorflow.cast(super().call(tensorflow.cast(inputs, "float32")), "float64")

    return Single


def keep_single(config):
    """Replaces the layers TensorFlow cannot run in float64."""
    if isinstance(config, dict) and config.get("class_name") == NO_DOUBLE_KERNEL:
        config.update(class_name=SINGLE, module=None, registered_name=SINGLE)
    elif isinstance(config, dict) and config.get("class_name") in HANDED_ON:
        config["class_name"] = "Activation"
        config["config"] = {"name": config["config"]["name"], "activation": "linear", "dtype": "float64"}
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list) else []:
        keep_single(part)


def finalize(model):
    """Lets the layers that compute something from their weights (Normalization) do it again."""
    for layer in all_layers(model):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def all_layers(model):
    """Every layer of a model, nested ones too."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from all_layers(layer)
