"""Makes models that are broken in one way each, for the messages and the exit statuses of the command.

    python Fixtures/make/broken.py

Each is a model of two Dense layers in Keras 3's `.h5`, written with h5py alone so that nothing Keras checks is in the way.
"""

import json
from pathlib import Path

import h5py
import numpy as np

BROKEN = Path(__file__).resolve().parents[1] / "broken"


def layer(name, inputs, class_name="Dense", **config):
    """A layer of a functional model that takes the output of `inputs`."""
    nodes = [{"args": [{"class_name": "__keras_tensor__",
                        "config": {"shape": [None, 3], "dtype": "float32", "keras_history": [inputs, 0, 0]}}], "kwargs": {}}]
    settings = {"name": name, "dtype": "float32"} | ({"trainable": True} if inputs else {}) | config
    return {"module": "keras.layers", "class_name": class_name, "config": settings, "registered_name": None, "name": name,
            "inbound_nodes": nodes if inputs else []}


def sound():
    """The configuration and the weights of the model that works."""
    layers = [
        layer("start", None, "InputLayer", batch_shape=[None, 3]),
        layer("first", "start", units=3, activation="relu", use_bias=True),
        layer("second", "first", units=2, activation="softmax", use_bias=True),
    ]
    config = {"name": "tiny", "trainable": True, "layers": layers, "input_layers": [["start", 0, 0]],
              "output_layers": [["second", 0, 0]]}
    random = np.random.default_rng(1)
    weights = {name: {"kernel": random.normal(size=(3, units)).astype("f4"), "bias": np.zeros(units, "f4")}
               for name, units in (("first", 3), ("second", 2))}
    return {"class_name": "Functional", "config": config}, weights


def write(case, config, weights, text=None):
    """Writes the file as Keras lays it out; `text` stands in for the configuration's own."""
    with h5py.File(BROKEN / f"{case}.h5", "w") as file:
        file.attrs["keras_version"] = "3.15.1"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = text or json.dumps(config)
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = "3.15.1"
        group.attrs["backend"] = "tensorflow"
        group.attrs["layer_names"] = np.array(["start", "first", "second"], "S")
        for name in ("start", "first", "second"):
            values = weights.get(name, {})
            member = group.create_group(name)
            member.attrs["weight_names"] = np.array([f"tiny/{name}/{key}" for key in values], "S") if values else np.zeros(0)
            for key, value in values.items():
                member[f"tiny/{name}/{key}"] = value


def main():
    BROKEN.mkdir(exist_ok=True)
    write("sound", *sound())

    config, weights = sound()
    del weights["second"]["bias"]
    write("missing_weight", config, weights)

    config, weights = sound()
    weights["second"]["kernel"] = np.zeros((3, 5), "f4")
    write("wrong_shape", config, weights)

    config, weights = sound()
    config["config"]["layers"][1] = layer("first", "second", units=3, activation="relu", use_bias=True)
    write("cycle", config, weights)

    config, weights = sound()
    config["config"]["layers"][1]["config"]["units"] = float("nan")
    write("not_a_number", config, weights)

    config, weights = sound()
    config["config"]["layers"][1] = layer("first", "start", "Enigma", units=3)
    config["config"]["layers"][2]["config"]["activation"] = "mystery"
    write("unknown_layer", config, weights)

    config, weights = sound()
    write("torn_config", config, weights, text=json.dumps(config)[:200])


if __name__ == "__main__":
    main()
