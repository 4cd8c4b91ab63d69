"""Steps of every optimizer, by Keras 3 (`keras3`), tf_keras (`current`) and its classes of before TensorFlow 2.11 (`legacy`).

    python optimizers.py ../training/optimizers_k315_tfk221.json

Each case: settings, the variables as they begin, and after each step the gradients given and what the variables came to.
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

SETTINGS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True, "learning_rate": 0.1}],
    "RMSprop": [{}, {"momentum": 0.5}, {"centered": True}, {"centered": True, "momentum": 0.3, "rho": 0.8}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.0, "learning_rate": 0.1}],
    "Adadelta": [{}, {"learning_rate": 1.0, "rho": 0.9}],
    "Adam": [{}, {"amsgrad": True}, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}],
    "AdamW": [{}, {"weight_decay": 0.1}],
    "Adamax": [{}, {"beta_1": 0.5}],
    "Nadam": [{}, {"learning_rate": 0.01, "beta_1": 0.7}],
    "Ftrl": [{}, {"l1_regularization_strength": 0.001, "l2_regularization_strength": 0.1, "l2_shrinkage_regularization_strength": 0.05,
                  "beta": 0.2, "learning_rate_power": -0.6}],
    "Lion": [{"learning_rate": 0.001}],
}
ROUND = [
    ("SGD", {"clipnorm": 0.5}), ("SGD", {"global_clipnorm": 0.5}), ("SGD", {"clipvalue": 0.3}), ("Adam", {"weight_decay": 0.02}),
    ("SGD", {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2}),
]
# Gradients of several steps together, which Keras 3 alone has.
GATHERED = [
    ("SGD", {"gradient_accumulation_steps": 3, "momentum": 0.9, "clipnorm": 0.5}), ("Adam", {"gradient_accumulation_steps": 2, "weight_decay": 0.02}),
    ("Nadam", {"gradient_accumulation_steps": 3, "global_clipnorm": 0.5}),
    ("RMSprop", {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2}),
]
STEPS = 4


def cases(rules):
    for name, settings in SETTINGS.items():
        if rules != "legacy" or name not in ("AdamW", "Lion"):
            yield from ((name, given) for given in settings)
    if rules != "legacy":
        yield from ROUND
    else:
        yield "Adam", {"decay": 0.1}
        yield "SGD", {"decay": 0.5, "momentum": 0.9}


def made(rules, name, settings):
    library = {"keras3": keras.optimizers, "current": tf_keras.optimizers, "legacy": tf_keras.optimizers.legacy}[rules]
    return getattr(library, name)(**settings)


def numbers(array):
    return [float(x) for x in np.asarray(array).ravel()]


def run(rules, name, settings, random, count=STEPS):
    start = [random.normal(size=shape).astype("float32") for shape in [(3, 2), (4,)]]
    variables = [keras.Variable(x) if rules == "keras3" else tf.Variable(x) for x in start]
    optimizer, steps = made(rules, name, settings), []
    for _ in range(count):
        gradients = [random.normal(size=x.shape).astype("float32") for x in start]
        optimizer.apply_gradients(zip([tf.constant(g) for g in gradients], variables))
        steps.append({"gradients": [numbers(g) for g in gradients], "variables": [numbers(v) for v in variables]})
    return {"rules": rules, "optimizer": name, "settings": settings, "start": [numbers(x) for x in start], "steps": steps}


random = np.random.default_rng(6)
found = [run(rules, *case, random) for rules in ("keras3", "current", "legacy") for case in cases(rules)]
found += [run("keras3", *case, random, count=8) for case in GATHERED]
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in found) + "\n]\n")
print(len(found), "cases")
