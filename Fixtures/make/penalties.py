"""Penalties on weights with their gradients, and weights brought back by constraints, by Keras 3 (`keras3`) and tf_keras (`tf.keras`).

    python penalties.py ../training/penalties_k315_tfk221.json
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import tf_keras

REGULARIZERS = [
    ("L1", {}), ("L1", {"l1": 0.3}), ("L2", {}), ("L2", {"l2": 0.2}), ("L1L2", {}), ("L1L2", {"l1": 0.05, "l2": 0.02}), ("L1L2", {"l1": 0.5}),
    ("OrthogonalRegularizer", {}), ("OrthogonalRegularizer", {"factor": 0.2, "mode": "columns"}),
]
CONSTRAINTS = [
    ("NonNeg", {}), ("MaxNorm", {}), ("MaxNorm", {"max_value": 0.7, "axis": 1}), ("MaxNorm", {"max_value": 1.0, "axis": [0, 1, 2]}),
    ("UnitNorm", {}), ("UnitNorm", {"axis": -1}), ("UnitNorm", {"axis": [0, 1]}), ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.2, "max_value": 2.5, "rate": 0.3, "axis": 0}), ("RadialConstraint", {}),
]
rng = np.random.default_rng(23)
WEIGHTS = [rng.normal(size=shape).astype("float32") for shape in [(5,), (4, 3), (3, 3, 2, 2), (4, 4, 1, 2), (5, 5, 1, 1)]]
WEIGHTS[1][:, 1] = 0


def listed(array):
    return [float(x) for x in np.asarray(array).ravel()]


def cases(library, rules):
    for kind, module, settings in (("regularizer", library.regularizers, REGULARIZERS), ("constraint", library.constraints, CONSTRAINTS)):
        for name, given in settings:
            if not hasattr(module, name):
                continue
            rule = getattr(module, name)(**given)
            for start in WEIGHTS:
                axes = np.atleast_1d(given.get("axis", 0))
                square = start.ndim == 4
                if (name == "OrthogonalRegularizer" and start.ndim != 2) or (name == "RadialConstraint" and not square) or axes.max() >= start.ndim:
                    continue
                case = {"rules": rules, kind: name, "settings": given, "shape": start.shape, "weight": listed(start)}
                weight = tf.Variable(start)
                if kind == "constraint":
                    case["result"] = listed(rule(tf.convert_to_tensor(start)))
                else:
                    with tf.GradientTape() as tape:
                        value = rule(tf.convert_to_tensor(weight))
                    gradient = tape.gradient(value, weight)
                    case["value"], case["gradient"] = float(value), listed(gradient if gradient is not None else 0 * start)
                yield case


found = [*cases(keras, "keras3"), *cases(tf_keras, "tf.keras")]
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in found) + "\n]\n")
print(len(found), "cases")
