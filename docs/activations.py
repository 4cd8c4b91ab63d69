"""What every layer of a Keras model gives, as `keras predict --activations` writes it: for `keras diff --activations`.

    python activations.py model.keras inputs.npz activations.npz

With Keras 3, or with tf_keras where `--tf-keras` is given. The inputs are a .npy, or a .npz with an array for each input.
"""

import sys

import numpy as np


def activations(model, inputs):
    """The outputs of every call of a layer, by the layer's path, in the order of the calls."""
    found, calls, path, patched = {}, {}, [], []

    def watch(layer):
        original = layer.call

        def call(*args, **kwargs):
            name = "/".join([*path, layer.name])
            if hasattr(layer, "layers"):
                path.append(layer.name)
            try:
                result = original(*args, **kwargs)
            finally:
                if hasattr(layer, "layers"):
                    path.pop()
            number = calls[name] = calls.get(name, -1) + 1
            name += f":{number}" if number else ""
            results = list(result) if isinstance(result, (list, tuple)) else [result]
            for index, value in enumerate(results):
                found[name if len(results) == 1 else f"{name}[{index}]"] = np.array(value)
            return result

        layer.call = call
        patched.append((layer, original))

    def visit(model):
        for layer in getattr(model, "operations", None) or model.layers:
            if type(layer).__name__ != "InputLayer" and all(layer is not other for other, _ in patched):
                watch(layer)
                if hasattr(layer, "layers"):
                    visit(layer)

    visit(model)
    try:
        model(inputs if len(inputs) > 1 else inputs[0], training=False)
    finally:
        for layer, original in patched:
            layer.call = original
    return found


if __name__ == "__main__":
    if "--tf-keras" in sys.argv:
        import tf_keras as keras
    else:
        import keras
    names = [name for name in sys.argv[1:] if not name.startswith("--")]
    data = np.load(names[1])
    arrays = [data] if isinstance(data, np.ndarray) else [data[name] for name in data.files]
    np.savez(names[2], **activations(keras.models.load_model(names[0], compile=False), arrays))
