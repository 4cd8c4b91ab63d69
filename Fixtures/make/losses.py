"""Records what real Keras says of losses, metrics and whole evaluations.

    python Fixtures/make/losses.py

Needs keras on TensorFlow, and tf_keras. Every loss and metric is computed on the same small batches; two small models with known
weights are evaluated, their weights and compile settings recorded as they are in a file.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import h5py
import keras
import numpy as np
import tf_keras

TARGET = Path(__file__).resolve().parents[1] / "training" / "losses.json"
rng = np.random.default_rng(5)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def batches():
    """Name -> (y_true, y_pred)."""
    real = rng.normal(size=(6, 4)).astype("float32")
    logits = rng.normal(size=(6, 4)).astype("float32") * 3
    one_hot = np.eye(4, dtype="float32")[[0, 1, 2, 3, 1, 1]]
    probabilities = softmax(logits).astype("float32")
    probabilities[5] = [1, 0, 0, 0]
    binary = np.array([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0]], "float32")
    sigmoids = (1 / (1 + np.exp(-logits))).astype("float32")
    sigmoids[5] = [0, 1, 1, 0.5]
    steps = rng.normal(size=(3, 2, 5)).astype("float32")
    return {
        "real": (real, real + rng.normal(size=(6, 4)).astype("float32")),
        "positive": (np.abs(real) + 0.1, np.abs(logits)),
        "categorical": (one_hot, probabilities),
        "sparse": (np.array([0, 1, 2, 3, 1, 1]), probabilities),
        "sparse_column": (np.array([[0], [1], [2], [3], [1], [1]], "float32"), probabilities),
        "logits": (one_hot, logits),
        "sparse_logits": (np.array([0, 1, 2, 3, 1, 1]), logits),
        "steps": (np.array([[0, 4], [1, 1], [3, 2]]), softmax(steps).astype("float32")),
        "binary": (binary, sigmoids),
        "binary_logits": (binary, logits),
        "column": (np.array([1, 0, 1, 0, 1, 1], "float32"), sigmoids[:, 1:2]),
        "signs": (2 * binary - 1, logits),
    }


def config(class_name, **settings):
    return {"class_name": class_name, "config": settings}


REGRESSION = ["mean_squared_error", "mse", "mae", "mape", "msle", "MeanAbsoluteError", "log_cosh", "huber", config("Huber", delta=0.3),
              "cosine_similarity"]
LOSSES = (
    [("real", name) for name in REGRESSION]
    + [("positive", name) for name in ("mape", "msle", "poisson", "kld", "kl_divergence")]
    + [("categorical", loss) for loss in ("categorical_crossentropy", config("CategoricalCrossentropy", label_smoothing=0.2), "kld",
                                          "categorical_hinge", "poisson")]
    + [("logits", config("CategoricalCrossentropy", from_logits=True, label_smoothing=0.1))]
    + [("sparse", "sparse_categorical_crossentropy"), ("sparse_column", "sparse_categorical_crossentropy"),
       ("steps", "sparse_categorical_crossentropy"), ("steps", config("SparseCategoricalCrossentropy", ignore_class=1)),
       ("sparse_logits", config("SparseCategoricalCrossentropy", from_logits=True))]
    + [("binary", loss) for loss in ("binary_crossentropy", "bce", config("BinaryCrossentropy", label_smoothing=0.3), "hinge",
                                     "squared_hinge")]
    + [("column", "binary_crossentropy"), ("column", "mse"),
       ("binary_logits", config("BinaryCrossentropy", from_logits=True))]
    + [("signs", "hinge"), ("signs", "squared_hinge")]
)
METRICS = [
    ("real", "mse"), ("real", "mae"), ("real", "cosine_similarity"), ("categorical", "categorical_crossentropy"),
    ("categorical", "accuracy"), ("sparse", "accuracy"), ("sparse_column", "acc"), ("steps", "accuracy"), ("column", "accuracy"),
    ("binary", "accuracy"), ("binary", "binary_accuracy"), ("categorical", config("TopKCategoricalAccuracy", k=2)),
    ("sparse", config("SparseTopKCategoricalAccuracy", k=2)), ("binary", config("BinaryAccuracy", threshold=0.2)),
    ("sparse", "sparse_categorical_crossentropy"), ("binary", "hinge"),
]
WEIGHTS = [1, 2, 0, 0.5, 3, 1]


def losses(library, data):
    for batch, loss in LOSSES:
        y, p = data[batch]
        # tf_keras has this function under its older name alone.
        known = "logcosh" if library is tf_keras and loss == "log_cosh" else loss
        function = library.losses.get(known)
        if not isinstance(function, library.losses.Loss):
            function = wrapped(library, function)
        # Compile gives targets the output's last axis of 1; the losses themselves want it there.
        y = y[:, None] if y.ndim == 1 and p.shape[1:] == (1,) else y
        case = {"batch": batch, "loss": loss, "value": float(function(y, p))}
        if len(y) == len(WEIGHTS):
            weights = np.array(WEIGHTS, "float32")
            case["weighted"] = float(function(y, p, sample_weight=weights))
        yield case


def wrapped(library, function):
    """A plain function as compile wraps it."""
    class Wrapped(library.losses.Loss):
        def call(self, y_true, y_pred):
            return function(y_true, y_pred)

    return Wrapped()


def metrics(library, data):
    """Each by a model that gives its input back."""
    for batch, metric in METRICS:
        y, p = data[batch]
        identity = library.Sequential([library.Input(p.shape[1:]), library.layers.Activation("linear")])
        given = metric if isinstance(metric, str) else library.metrics.deserialize(metric)
        identity.compile(loss="sparse_categorical_crossentropy" if y.dtype.kind == "i" or batch == "sparse_column" else "mse", metrics=[given], run_eagerly=False)
        figures = identity.evaluate(p, y, verbose=0, return_dict=True)
        figures.pop("loss", None)
        [(name, value)] = figures.items()
        yield {"batch": batch, "metric": metric, "name": name, "value": value}


def two_outputs(library):
    x = library.Input((3,), name="x")
    layers, regularizers = library.layers, library.regularizers
    hidden = layers.Dense(4, activation="tanh", name="hidden", kernel_regularizer=regularizers.L2(0.01),
                          bias_regularizer=regularizers.L1(0.02))(x)
    frozen = layers.Dense(4, activation="tanh", name="frozen", trainable=False,
                          kernel_regularizer=regularizers.L1L2(0.003, 0.004))(hidden)
    kind = layers.Dense(3, activation="softmax", name="kind")(frozen)
    size = layers.Dense(1, activation="sigmoid", name="size")(hidden)
    return library.Model(x, [kind, size], name="two")


def evaluations(library):
    data = np.random.default_rng(9)
    x = data.normal(size=(11, 3)).astype("float32")
    y_kind = np.array([0, 1, 2, 0, 1, 2, 1, 1, 0, 2, 2])
    y_size = np.array([0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1], "float32")
    model = two_outputs(library)
    model.set_weights([(3 * data.normal(size=w.shape)).astype("float32") for w in model.get_weights()])
    metrics = library.metrics
    for settings in (
        dict(loss=["sparse_categorical_crossentropy", "binary_crossentropy"], loss_weights=[0.7, 2.5],
             metrics=[["accuracy"], ["accuracy", "mse"]]),
        dict(loss={"kind": library.losses.SparseCategoricalCrossentropy(), "size": "mse"}, metrics={"size": ["mae"], "kind": ["acc"]},
             weighted_metrics={"kind": ["accuracy", metrics.SparseCategoricalCrossentropy(name="own")], "size": ["mse"]}),
    ):
        model.compile(**settings)
        figures = {
            "plain": model.evaluate(x, [y_kind, y_size], batch_size=4, verbose=0, return_dict=True),
        }
        weights = data.uniform(size=11).astype("float32")
        both = [weights, weights] if library is keras else weights
        figures["weighted"] = model.evaluate(x, [y_kind, y_size], sample_weight=both, batch_size=4, verbose=0, return_dict=True)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "m.h5"
            model.save(file)
            with h5py.File(file) as f:
                training = json.loads(f.attrs["training_config"])
        yield {
            "training": {k: v for k, v in training.items() if k != "optimizer_config"},
            "weights": {layer.name: [listed(w) for w in layer.get_weights()] for layer in model.layers if layer.get_weights()}, "x": listed(x), "y": [listed(y_kind), listed(y_size)],
            "sample_weights": listed(weights), "batch_size": 4, "figures": figures,
        }


def listed(array):
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": [float(v) for v in array.ravel()]}


def main():
    data = batches()
    result = {
        "batches": {name: {"y_true": listed(y), "y_pred": listed(p)} for name, (y, p) in data.items()},
        "sample_weights": WEIGHTS,
    }
    for name, library in (("keras3", keras), ("tf.keras", tf_keras)):
        result[name] = {
            "version": library.__version__, "losses": list(losses(library, data)), "metrics": list(metrics(library, data)),
            "evaluations": list(evaluations(library)),
        }
    TARGET.parent.mkdir(exist_ok=True)
    text = json.dumps(result, separators=(",", ":"))
    # A line per case keeps differences readable.
    TARGET.write_text(text.replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
