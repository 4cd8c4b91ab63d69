"""Models whose optimizers scale the loss, saved in the middle of training, and how training goes on from there, a step whose gradients are not
finite included.

    python loss_scale.py ../training
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tf_keras

SETTINGS = {"initial_scale": 2.0**100, "dynamic_growth_steps": 3}
STEPS = 12
# Its inputs times this are too large for the scale, not for the loss.
SKIPPED = {2: 1e7, 7: 1e8}


def data():
    random = np.random.default_rng(8)
    x, y = random.standard_normal((STEPS, 4, 3)).astype("float32"), random.standard_normal((STEPS, 4, 2)).astype("float32")
    for step, factor in SKIPPED.items():
        x[step] *= factor
    return x, y


def network(made, optimizer, policy="float32"):
    made.utils.set_random_seed(4)
    model = made.Sequential([made.layers.Input((3,)), made.layers.Dense(2, name="scores", dtype=policy)])
    model.compile(optimizer, "mean_squared_error")
    return model


def number(variable):
    return float(np.array(variable))


def numbers(optimizer):
    """Steps, the scale, and steps since it moved."""
    scale = getattr(optimizer, "dynamic_scale", None)
    if scale is None:
        return [number(optimizer.iterations), number(optimizer.loss_scale), number(optimizer.dynamic_counter)]
    return [number(optimizer.iterations), number(scale), number(optimizer.step_counter)]


def follow(model, x, y, steps):
    """What the weights and the optimizer's numbers are after each step."""
    found = []
    for step in steps:
        model.train_on_batch(x[step], y[step])
        found.append({"weights": [w.ravel().tolist() for w in model.get_weights()], "optimizer": numbers(model.optimizer)})
    return found


def main():
    folder, (x, y) = Path(sys.argv[1]), data()
    half = STEPS // 2
    known = {"x": x.ravel().tolist(), "y": y.ravel().tolist(), "first": half, "files": {}}

    def add(name, then):
        known["files"][name] = then
        print(name, [step["optimizer"] for step in then])

    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.05), **SETTINGS)
    model = network(keras, scaled)
    follow(model, x, y, range(half))
    # Keras 3 loses the optimizer of a `.keras` that is saved after an `.h5`.
    for file in ("loss_scale_k315.keras", "loss_scale_k315.h5"):
        model.save(folder / file)
    then = follow(model, x, y, range(half, STEPS))
    add("loss_scale_k315.keras", then)
    add("loss_scale_k315.h5", then)

    # What `compile` makes of an optimizer where the policy is mixed.
    keras.mixed_precision.set_global_policy("mixed_float16")
    model = network(keras, keras.optimizers.SGD(0.05, momentum=0.9), "mixed_float16")
    follow(model, np.clip(x, -3, 3), y, range(half))
    model.save(folder / "loss_scale_mixed_k315.keras")
    add("loss_scale_mixed_k315.keras", follow(model, np.clip(x, -3, 3), y, range(half, STEPS)))
    keras.mixed_precision.set_global_policy("float32")

    for kind, inner in ("", tf_keras.optimizers.Adam), ("_legacy", tf_keras.optimizers.legacy.Adam):
        scaled = tf_keras.mixed_precision.LossScaleOptimizer(inner(0.05), **SETTINGS)
        model = network(tf_keras, scaled)
        follow(model, x, y, range(half))
        then = None
        # An `.h5` of the newer class keeps the state, though tf_keras does not go on with it; a `.keras` of the older has none.
        for ending in ("h5",) if kind else ("keras", "h5"):
            file = f"loss_scale{kind}_tfk221.{ending}"
            model.save(folder / file)
            # tf.keras keeps the scale in no file.
            loaded = tf_keras.models.load_model(folder / file)
            then = then or follow(loaded, x, y, range(half, STEPS))
            add(file, then)
    (folder / "loss_scale_k315_tfk221.json").write_text(json.dumps(known) + "\n")


if __name__ == "__main__":
    main()
