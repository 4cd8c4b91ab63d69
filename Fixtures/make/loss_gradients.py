"""Losses and what their outputs get from them, by Keras 3 (`keras3`) and tf_keras (`tf.keras`).

    python loss_gradients.py ../training/loss_gradients_k315_tfk221.json

Each case: a loss, a batch, perhaps a function between the numbers and the loss, sample weights or none; the value, and the gradient of
it with respect to the numbers.
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

rng = np.random.default_rng(17)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def normal(*shape):
    return rng.normal(size=shape).astype("float32")


real, logits, maps, steps, vectors = normal(5, 4), 2 * normal(5, 4), normal(2, 3, 3, 2), normal(3, 2, 5), normal(6, 4)
one_hot = np.eye(4, dtype="float32")[[0, 1, 2, 3, 1]]
binary = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]], "float32")
edges = softmax(logits)
edges[1], edges[4] = [1, 0, 0, 0], [0, 1, 0, 0]
BATCHES = {
    "real": (real, real + normal(5, 4)),
    "positive": (np.abs(real) + 0.1, np.abs(logits) + 0.01),
    "probabilities": (one_hot, softmax(logits)),
    "soft": (softmax(real), softmax(logits)),
    "certain": (one_hot, edges),
    "logits": (one_hot, logits),
    "classes": (np.array([0, 1, 2, 3, 1]), softmax(logits)),
    "class_column": (np.array([[0], [1], [2], [3], [1]]), softmax(logits)),
    "class_logits": (np.array([0, 1, 2, 3, 1]), logits),
    "steps": (np.array([[0, 4], [1, 1], [3, 2]]), softmax(steps)),
    "binary": (binary, 1 / (1 + np.exp(-logits))),
    "binary_logits": (binary, logits),
    "signs": (2 * binary - 1, logits),
    "column": (binary[:, :1], 1 / (1 + np.exp(-logits[:, :1]))),
    "maps": ((normal(2, 3, 3, 2) > 0).astype("float32"), 1 / (1 + np.exp(-maps))),
    "vectors": (np.array([0, 1, 0, 2, 1, 0]), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)),
    "speech": (np.array([[1, 2, 2], [3, 0, 0], [4, 1, 0], [0, 0, 0]]), 2 * normal(4, 8, 5)),
    "one_label": (np.array([[1], [3]]), normal(2, 4, 5)),
}
BATCHES = {name: (y, p.astype("float32")) for name, (y, p) in BATCHES.items()}

CASES = [
    *(("real", name, {}) for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "LogCosh", "Huber", "CosineSimilarity")),
    ("real", "Huber", {"delta": 0.4}), ("maps", "CosineSimilarity", {"axis": 1}),
    *(("positive", name, {}) for name in ("MeanSquaredLogarithmicError", "MeanAbsolutePercentageError", "Poisson", "KLDivergence")),
    *(("soft", name, {}) for name in ("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "KLDivergence", "CategoricalHinge")),
    ("probabilities", "CategoricalCrossentropy", {}), ("probabilities", "CategoricalCrossentropy", {"label_smoothing": 0.2}),
    ("certain", "CategoricalCrossentropy", {}), ("logits", "CategoricalCrossentropy", {"from_logits": True}),
    ("logits", "CategoricalCrossentropy", {}, "softmax"), ("logits", "CategoricalCrossentropy", {}, "sigmoid"),
    ("maps", "CategoricalCrossentropy", {"axis": 2, "label_smoothing": 0.1}),
    ("probabilities", "CategoricalFocalCrossentropy", {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1}),
    ("probabilities", "CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}),
    ("logits", "CategoricalFocalCrossentropy", {"from_logits": True}), ("logits", "CategoricalFocalCrossentropy", {}, "softmax"),
    ("logits", "CategoricalFocalCrossentropy", {}, "sigmoid"),
    ("classes", "SparseCategoricalCrossentropy", {}), ("class_column", "SparseCategoricalCrossentropy", {}),
    ("class_logits", "SparseCategoricalCrossentropy", {"from_logits": True}),
    ("class_logits", "SparseCategoricalCrossentropy", {}, "softmax"), ("steps", "SparseCategoricalCrossentropy", {}),
    ("steps", "SparseCategoricalCrossentropy", {"ignore_class": 1}),
    ("classes", "CategoricalGeneralizedCrossEntropy", {}), ("classes", "CategoricalGeneralizedCrossEntropy", {"q": 0.8}),
    ("binary", "BinaryCrossentropy", {}), ("binary", "BinaryCrossentropy", {"label_smoothing": 0.3}), ("column", "BinaryCrossentropy", {}),
    ("binary_logits", "BinaryCrossentropy", {"from_logits": True}), ("binary_logits", "BinaryCrossentropy", {}, "sigmoid"),
    ("binary_logits", "BinaryCrossentropy", {}, "softmax"), ("maps", "BinaryCrossentropy", {"axis": 1}),
    ("binary", "BinaryFocalCrossentropy", {}), ("binary", "BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.5}),
    ("binary_logits", "BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}),
    ("binary_logits", "BinaryFocalCrossentropy", {}, "sigmoid"), ("binary_logits", "BinaryFocalCrossentropy", {}, "softmax"),
    ("signs", "Hinge", {}), ("signs", "SquaredHinge", {}), ("binary_logits", "Hinge", {}), ("binary_logits", "SquaredHinge", {}),
    ("logits", "CategoricalHinge", {}), ("real", "Hinge", {}),
    ("maps", "Dice", {}), ("maps", "Dice", {"axis": [1, 2, 3]}), ("binary", "Dice", {"axis": -1}),
    ("maps", "Tversky", {}), ("maps", "Tversky", {"axis": [1, 2], "alpha": 0.3, "beta": 0.8}),
    ("vectors", "Circle", {}), ("vectors", "Circle", {"gamma": 10.0, "margin": 0.25, "remove_diagonal": False}),
    ("speech", "CTC", {}), ("one_label", "CTC", {}),
    ("real", "MeanSquaredError", {"reduction": "sum"}), ("steps", "SparseCategoricalCrossentropy", {"ignore_class": 1, "reduction": "sum"}),
    ("real", "MeanSquaredError", {"reduction": "mean_with_sample_weight"}),
]


def run(library, rules):
    for batch, name, settings, *activation in CASES:
        if not hasattr(library.losses, name) or (library is tf_keras and "mean_with" in settings.get("reduction", "")):
            continue
        given = {k: tuple(v) if k == "axis" and isinstance(v, list) else v for k, v in settings.items()}
        loss = getattr(library.losses, name)(**given)
        y, p = BATCHES[batch]
        rows = getattr(library.losses, name)(**{**given, "reduction": "none"})(tf.constant(y), tf.constant(p))
        for weights in (None, np.array([1, 2, 0, 0.5, 3, 1], "float32")[:len(y)]):
            if weights is not None and len(rows.shape) > 1:
                # One per sample fits no rows of more axes, or by chance the last of them.
                continue
            value, gradient = slope(library, loss, y, tf.constant(p), weights, *activation)
            case = {"rules": rules, "loss": name, "settings": settings, "batch": batch, "value": float(value), "gradient": listed(gradient)}
            if activation:
                case["activation"] = activation[0]
            if weights is not None:
                case["weights"] = listed(weights)
            yield case


def slope(library, loss, y, x, weights, activation=None):
    """Inside a function, as in training: tf_keras does not look behind a softmax outside one."""

    @tf.function
    def inside(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            shown = getattr(library.activations, activation)(x) if activation else x
            value = loss(tf.constant(y), shown, sample_weight=weights)
        return value, tape.gradient(value, x)

    return inside(x)


def listed(array):
    return [float(x) for x in np.asarray(array).ravel()]


batches = {n: {"y": listed(y), "y_shape": y.shape, "p": listed(p), "p_shape": p.shape} for n, (y, p) in BATCHES.items()}
cases = [*run(keras, "keras3"), *run(tf_keras, "tf.keras")]
with open(sys.argv[1], "w") as file:
    file.write('{"batches": ' + json.dumps(batches) + ',\n"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
print(len(cases), "cases")
