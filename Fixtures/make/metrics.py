"""Metrics gathered over several batches, by Keras 3 (`keras3`) and tf_keras (`tf.keras`).

    python metrics.py ../training/metrics_k315_tfk221.json

Each case: a metric, its batches, with samples' weights or without, and what it says after each batch.
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tf_keras

rng = np.random.default_rng(31)
BATCHES, SAMPLES = 3, 6


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def batches(make):
    return [tuple(np.asarray(a, "float32") for a in make()) for _ in range(BATCHES)]


def chances(*shape):
    """Some of them on thresholds."""
    p = rng.uniform(size=shape)
    return np.where(rng.uniform(size=shape) < 0.2, np.round(p * 4) / 4, p)


def classes():
    return rng.integers(0, 4, SAMPLES)


DATA = {
    "column": batches(lambda: (rng.integers(0, 2, (SAMPLES, 1)), chances(SAMPLES, 1))),
    "labels": batches(lambda: (rng.integers(0, 2, (SAMPLES, 3)), chances(SAMPLES, 3))),
    "logits": batches(lambda: (rng.integers(0, 2, (SAMPLES, 3)), 2 * rng.normal(size=(SAMPLES, 3)))),
    "one_hot": batches(lambda: (np.eye(4)[classes()], softmax(2 * rng.normal(size=(SAMPLES, 4))))),
    "sparse": batches(lambda: (classes(), softmax(2 * rng.normal(size=(SAMPLES, 4))))),
    "real": batches(lambda: (y := rng.normal(size=(SAMPLES, 3)), y + 0.5 * rng.normal(size=(SAMPLES, 3)))),
    "positive": batches(lambda: (rng.uniform(0.1, 2, (SAMPLES, 3)), rng.uniform(0.1, 2, (SAMPLES, 3)))),
    "signs": batches(lambda: (rng.choice([-1, 1], (SAMPLES, 3)), rng.normal(size=(SAMPLES, 3)))),
    "numbers": batches(lambda: (classes(), classes())),
    "maps": batches(lambda: (np.eye(3)[rng.integers(0, 3, (SAMPLES, 2, 2))], softmax(rng.normal(size=(SAMPLES, 2, 2, 3))))),
}
WEIGHTS = [np.array(w, "float32") for w in ([1, 2, 0, 0.5, 3, 1], [0.25, 1, 1, 4, 0, 2], [1, 1, 1.5, 1, 1, 0])]

CASES = [
    *((data, name, s) for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
      for data, s in [("column", {}), ("labels", {"thresholds": [0.25, 0.6]}), ("labels", {"thresholds": [0.0, 0.5, 1.0]})]),
    *((data, name, s) for name in ("Precision", "Recall")
      for data, s in [("column", {}), ("labels", {"thresholds": 0.25}), ("labels", {"thresholds": [0.2, 0.7]}), ("one_hot", {"top_k": 2}),
                      ("one_hot", {"class_id": 1}), ("one_hot", {"top_k": 2, "class_id": 2})]),
    *((data, name, {key: 0.6, **s}) for name, key in (("SensitivityAtSpecificity", "specificity"), ("SpecificityAtSensitivity", "sensitivity"),
                                                     ("PrecisionAtRecall", "recall"), ("RecallAtPrecision", "precision"))
      for data, s in [("column", {}), ("labels", {"num_thresholds": 5}), ("one_hot", {"class_id": 1}), ("column", {"num_thresholds": 1})]),
    *(("labels", "AUC", {"curve": curve, "summation_method": how}) for curve in ("ROC", "PR", "PRGAIN") for how in ("interpolation", "majoring", "minoring")),
    ("column", "AUC", {}), ("column", "AUC", {"curve": "PR"}), ("labels", "AUC", {"num_thresholds": 7}), ("labels", "AUC", {"thresholds": [0.7, 0.2, 0.25]}),
    ("labels", "AUC", {"thresholds": [0.25, 0.5, 0.75], "curve": "PR"}), ("labels", "AUC", {"multi_label": True}),
    ("labels", "AUC", {"multi_label": True, "curve": "PR", "label_weights": [1.0, 2.0, 0.5], "num_labels": 3}),
    ("labels", "AUC", {"label_weights": [1.0, 2.0, 0.5]}), ("logits", "AUC", {"from_logits": True}),
    ("labels", "AUC", {"multi_label": True, "thresholds": [0.3, 0.4]}),
    *((data, name, s) for data in ("labels", "one_hot") for name, s in [
        ("F1Score", {}), ("F1Score", {"average": "micro"}), ("F1Score", {"average": "macro", "threshold": 0.3}), ("F1Score", {"average": "weighted"}),
        ("FBetaScore", {"beta": 2.0}), ("FBetaScore", {"beta": 0.5, "average": "weighted", "threshold": 0.4})]),
    ("numbers", "IoU", {"num_classes": 4, "target_class_ids": [0, 2]}), ("numbers", "MeanIoU", {"num_classes": 4}),
    ("numbers", "MeanIoU", {"num_classes": 5, "ignore_class": 1}), ("numbers", "MeanIoU", {"num_classes": 4, "dtype": "float32"}),
    ("sparse", "MeanIoU", {"num_classes": 4, "sparse_y_pred": False}), ("column", "BinaryIoU", {}), ("column", "BinaryIoU", {"threshold": 0.25, "target_class_ids": [1]}),
    ("maps", "OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]}), ("one_hot", "OneHotMeanIoU", {"num_classes": 4}),
    ("real", "RootMeanSquaredError", {}), ("positive", "MeanRelativeError", {"normalizer": [1.0, 0.0, 2.0]}),
    ("real", "R2Score", {}), ("real", "R2Score", {"class_aggregation": None}), ("real", "R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}),
    ("real", "PearsonCorrelation", {}), ("maps", "PearsonCorrelation", {"axis": 2}), ("real", "ConcordanceCorrelation", {}),
    ("column", "BinaryAccuracy", {"threshold": 0.3}), ("labels", "BinaryAccuracy", {}), ("one_hot", "CategoricalAccuracy", {}), ("sparse", "SparseCategoricalAccuracy", {}),
    ("one_hot", "TopKCategoricalAccuracy", {"k": 2}), ("sparse", "SparseTopKCategoricalAccuracy", {"k": 3}), ("labels", "Accuracy", {}),
    *(("real", name, {}) for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "LogCoshError", "CosineSimilarity")),
    *(("positive", name, {}) for name in ("MeanSquaredLogarithmicError", "Poisson", "KLDivergence")),
    *(("signs", name, {}) for name in ("Hinge", "SquaredHinge")), ("one_hot", "CategoricalHinge", {}),
    ("labels", "BinaryCrossentropy", {}), ("logits", "BinaryCrossentropy", {"from_logits": True}), ("one_hot", "CategoricalCrossentropy", {"label_smoothing": 0.1}),
    ("sparse", "SparseCategoricalCrossentropy", {}), ("sparse", "SparseCategoricalCrossentropy", {"ignore_class": 1}),
]


def said(metric):
    return [float(x) for x in np.asarray(metric.result()).ravel()]


def run(library, rules):
    for data, name, settings in CASES:
        if not hasattr(library.metrics, name) or (library is tf_keras and settings.get("curve") == "PRGAIN"):
            continue
        for weighted in (False, True):
            # Their weights are not the samples'.
            if weighted and data == "maps":
                continue
            metric = getattr(library.metrics, name)(**settings)
            figures = []
            for (y, p), w in zip(DATA[data], WEIGHTS):
                metric.update_state(y, p, sample_weight=w if weighted else None)
                figures.append(said(metric))
            yield {"rules": rules, "metric": name, "settings": settings, "data": data, "weighted": weighted, "figures": figures}


def listed(array):
    return {"shape": array.shape, "values": [float(x) for x in array.ravel()]}


cases = [*run(keras, "keras3"), *run(tf_keras, "tf.keras")]
data = {name: [{"y": listed(y), "p": listed(p)} for y, p in given] for name, given in DATA.items()}
with open(sys.argv[1], "w") as file:
    file.write('{"data": ' + json.dumps(data) + ',\n"weights": ' + json.dumps([w.tolist() for w in WEIGHTS]) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
print(len(cases), "cases")
