"""The layers that a Keras has, by the names that it reads: `Fixtures/layers/classes_*.json`, from which tests take what may be refused.

    python classes.py keras ../layers/classes_keras3.json
    python classes.py tf_keras ../layers/classes_tfkeras.json
    python classes.py keras ../layers/classes_keras2.json           with Keras 2.2.4
"""

import importlib
import inspect
import json
import sys


def main(module, path):
    keras = importlib.import_module(module)
    known = dict(vars(keras.layers))
    if module == "tf_keras":
        serialization = importlib.import_module("tf_keras.src.layers.serialization")
        serialization.populate_deserializable_objects()
        known.update(serialization.LOCAL.ALL_OBJECTS)
    names = [name for name, value in known.items() if inspect.isclass(value) and issubclass(value, keras.layers.Layer)]
    with open(path, "w") as file:
        json.dump({"version": keras.__version__, "classes": sorted(names)}, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
