"""Do the metrics of a compiled model, and what its optimizer keeps, survive the way to the other Keras? What `random_models.py` and `saving.py` do
beside the rest.

`make` compiles small models in one Keras with every kind of loss and metrics, trains them a step, lets it evaluate them, and saves them with what
came out; `check` converts them to a universal `.h5` and lets another Keras evaluate: each figure must be the same. Converted for that Keras alone,
to the file in which it keeps an optimizer's state, the state must be the same bit for bit, and training goes on.
"""

import json

import numpy as np

from command import Refused, keras as command, load

TOLERANCE = 1e-5
# The last layer, the loss, the metrics, and the targets: class numbers, one-hot rows, zeros and ones, or numbers.
KINDS = {
    "sparse": ("softmax", "sparse_categorical_crossentropy", ["accuracy"], "classes"),
    "sparse_acc": ("softmax", "sparse_categorical_crossentropy", ["acc", "mae"], "classes"),
    "categorical": ("softmax", "categorical_crossentropy", ["accuracy", "top_k_categorical_accuracy"], "rows"),
    "binary": ("sigmoid", "binary_crossentropy", ["accuracy", "AUC"], "bits"),
    "labels": ("sigmoid", "binary_crossentropy", ["accuracy", "binary_accuracy", "mse"], "labels"),
    "numbers": (None, "mean_squared_error", ["mae", "mean_absolute_percentage_error"], "numbers"),
    "two": ("softmax", ["sparse_categorical_crossentropy", "mean_absolute_error"], [["accuracy", "sparse_top_k_categorical_accuracy"], ["mse"]],
            "two"),
}
WIDTH = 7
OPTIMIZERS = {
    "sparse": ("SGD", {"momentum": 0.9}), "sparse_acc": ("Adam", {}), "categorical": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "binary": ("Adagrad", {}), "labels": ("Adadelta", {}), "numbers": ("Adamax", {}), "two": ("Ftrl", {}),
}


def target(kind, random):
    rows = 20
    return {
        "classes": lambda: random.integers(0, WIDTH, (rows, 1)),
        "rows": lambda: np.eye(WIDTH, dtype="float32")[random.integers(0, WIDTH, rows)],
        "bits": lambda: random.integers(0, 2, (rows, 1)).astype("float32"),
        "labels": lambda: random.integers(0, 2, (rows, WIDTH)).astype("float32"),
        "numbers": lambda: random.standard_normal((rows, WIDTH)).astype("float32"),
    }[kind]()


def evaluated(model, x, y):
    """Every figure, by its place: the loss, those of the outputs, the metrics. Names differ between Kerases."""
    model.run_eagerly = True
    return [float(value) for value in np.ravel(model.evaluate(x, y, batch_size=len(x), verbose=0))]


def slots(model):
    """What the optimizer keeps of each weight, in no order."""
    arrays = [np.array(variable) for variable in model.optimizer.variables]
    return sorted((array.shape, array.tobytes()) for array in arrays if array.ndim)


def make(keras, folder):
    folder = folder / "figures"
    folder.mkdir(exist_ok=True)
    results = {}
    for name, (activation, loss, metrics, kind) in KINDS.items():
        random = np.random.default_rng(3)
        keras.utils.set_random_seed(3)
        start = keras.Input((5,))
        hidden = keras.layers.Dense(6, activation="tanh", name="hidden")(start)
        outputs = [keras.layers.Dense(1 if kind == "bits" else WIDTH, activation=activation, name="first")(hidden)]
        if kind == "two":
            outputs.append(keras.layers.Dense(WIDTH, name="second")(hidden))
        model = keras.Model(start, outputs if len(outputs) > 1 else outputs[0])
        optimizer, settings = OPTIMIZERS[name]
        model.compile(getattr(keras.optimizers, optimizer)(**settings), loss, metrics=metrics)
        x = random.standard_normal((20, 5)).astype("float32")
        y = [target("classes", random), target("numbers", random)] if kind == "two" else [target(kind, random)]
        model.run_eagerly = True
        model.fit(x, y if len(y) > 1 else y[0], batch_size=len(x), verbose=0)
        results[name] = evaluated(model, x, y if len(y) > 1 else y[0])
        np.savez(folder / f"{name}.npz", x, *y)
        # In this order: Keras 3 forgets the optimizer when it saves an .h5.
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        np.savez(folder / f"{name}.slots.npz", *[np.array(v) for v in model.optimizer.variables if np.array(v).ndim])
    (folder / "figures.json").write_text(json.dumps(results))


def check(keras, checker, folder):
    """How many were tried, and what went wrong."""
    folder, problems = folder / "figures", []
    if not folder.exists():
        return 0, []
    results = json.loads((folder / "figures.json").read_text())
    for name, wanted in results.items():
        keras.backend.clear_session()
        goal = checker.scratch / "figures.h5"
        try:
            command(checker.binary, "convert", folder / f"{name}.h5", goal, "--to", "universal")
            x, *y = load(folder / f"{name}.npz").values()
            found = evaluated(keras.models.load_model(goal), x, y if len(y) > 1 else y[0])
        except (Refused, Exception) as problem:
            problems.append(f"figures of {name}: {type(problem).__name__}: {' '.join(str(problem).split())[:200]}")
            continue
        if len(found) != len(wanted) or not np.allclose(found, wanted, TOLERANCE, TOLERANCE):
            problems.append(f"figures of {name}: {found}, when it was saved {wanted}")
        # Keras 3 does not go on with a state from an .h5.
        goal, target = ("state.keras", "keras3") if keras.__name__ == "keras" else ("state.h5", "tf.keras")
        for ending in ("h5", "keras"):
            try:
                command(checker.binary, "convert", folder / f"{name}.{ending}", checker.scratch / goal, "--to", target)
                model = keras.models.load_model(checker.scratch / goal)
                kept = sorted((array.shape, array.tobytes()) for array in load(folder / f"{name}.slots.npz").values())
                if slots(model) != kept:
                    problems.append(f"{OPTIMIZERS[name][0]} of a {ending} keeps something else")
                model.run_eagerly = True
                model.fit(x, y if len(y) > 1 else y[0], verbose=0)
            except (Refused, Exception) as problem:
                problems.append(f"state of {name}: {type(problem).__name__}: {' '.join(str(problem).split())[:200]}")
    return 3 * len(results), problems
