"""Does the command train as real Keras does? One file, over 300 lines: steps, gradients and runs that go on.

    python training.py --keras keras3 [--models DIR] [--first 0] [--count 50] [--adam 0] [--keras-binary .build/release/keras]

Gradients: one step of plain gradient descent on each random model of `DIR` (see `random_models.py`), whose random layers are silenced, must
move every weight as Keras moves it: within 1e-5 of the gradient's scale, in float32 or in float64, or with an error against float64 at most
twice Keras's. Where terms cancel, that is a matter of luck: it is the mean of five steps or, if need be, twenty, all but the first from
weights moved by 2^-8.

Adam: 20 steps on so many of the models that have recurrent, attention or normalisation layers must end within three times the spread of five
runs of Keras from weights moved by 5e-7, or 1e-4. Keras 3 on TensorFlow squares what each looked-up row of an Embedding gets by itself, so that a
row looked up twice has another second moment than on JAX and PyTorch, and than in tf_keras: it is given its gradients whole here.

Layers whose training is more than their gradient (spectral normalization, stopped gradients): 10 steps must end where Keras's do, within 1e-5.

Going on: 25 steps in Keras, a file, 25 steps of the command, a file, 25 steps in Keras must follow Keras's own 75 steps, interrupted at the
same places: within three times the spread of Keras's runs from weights moved by 5e-7, or 1e-4. What the optimizer kept must arrive bit for bit.
50 steps of the command from the beginning must end within the same.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from chance import Unfit
from command import DEFAULT_BINARY, TOLERANCE, Refused, keras as command, load
from float64 import all_layers, in_float64
from kerases import MODULES, imported

STEPS = 25
BATCH = 16


def values(model):
    return [np.array(weight, "float64") for weight in model.weights]


# Gradients

def silence(model):
    """Nothing is drawn at random: what is would differ."""
    for layer in all_layers(model):
        for part in held(layer):
            for name in ("rate", "stddev", "dropout", "_dropout", "recurrent_dropout"):
                if isinstance(getattr(part, name, None), float) and not isinstance(getattr(type(part), name, None), property):
                    setattr(part, name, 0.0)
            # tf.keras writes what it was given for the way back, not what that layer has become.
            given = getattr(part, "_backward_layer_config", None) or {}
            given.get("config", {}).update({name: 0.0 for name in ("dropout", "recurrent_dropout") if name in given.get("config", {})})


def held(layer):
    """A layer, and those that it holds by attributes: cells, and what is wrapped."""
    yield layer
    for name in ("cell", "layer", "forward_layer", "backward_layer", "_dropout_layer"):
        if getattr(layer, name, None) is not None:
            yield from held(getattr(layer, name))
    for cell in getattr(layer, "cells", ()):
        yield from held(cell)
    if hasattr(layer, "layers"):
        for inner in all_layers(layer):
            yield from held(inner)


def beyond_gradients(model):
    """What moves its weights otherwise than their gradients, or cannot be silenced; None if nothing does."""
    for layer in all_layers(model):
        if "preprocessing" in type(layer).__module__ and any(hasattr(layer, name) for name in ("generator", "_random_generator")):
            return "images are changed at random"
        if type(layer).__name__ == "SpectralNormalization":
            return "weights are normalized in each step"
    return None


def gradients(model, inputs, targets):
    """Of the mean squared error and the penalties, for each variable that trains. Compiled where Keras has no kernel: channels-first
    convolutions in float64."""
    import tensorflow as tf

    variables = [getattr(v, "value", v) if not callable(getattr(v, "value", None)) else v for v in model.trainable_variables]

    def run():
        with tf.GradientTape() as tape:
            outputs = model(inputs if len(inputs) > 1 else inputs[0], training=True)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            loss = sum(tf.reduce_mean(tf.square(tf.cast(a, b.dtype) - b)) for a, b in zip(targets, outputs))
            loss += sum(tf.cast(penalty, loss.dtype) for penalty in model.losses)
        return [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]

    try:
        found = run()
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
        found = tf.function(run, jit_compile=True)()
    return [None if g is None else np.array(g, "float64") for g in found]


def trained_outputs(model, inputs):
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=True)
    return [np.array(value, "float64") for value in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def demand_more_than_rounding(model, wide_model, inputs, wide):
    """Groups of one number leave nothing but rounding for what normalizes them next: then Keras is far from itself in float64."""
    for found, exact in zip(trained_outputs(model, inputs), trained_outputs(wide_model, wide)):
        if np.abs(found - exact).max(initial=0) > 1e-2 * np.abs(found).max(initial=0):
            raise Unfit("Keras's outputs in training are its own rounding")


def our_gradients(keras, model, inputs, targets, options, scratch):
    """What the command moved each variable by in one step, and how well that can be known: a weight near a large one, no better than its
    last bit."""
    file, trained = scratch / "silent.keras", scratch / "trained.keras"
    model.save(file)
    arrays = {f"x{i}": a for i, a in enumerate(inputs)} | {f"y{i}": a for i, a in enumerate(targets)}
    np.savez(scratch / "data.npz", **arrays)
    rate = 256.0
    command(options.keras_binary, "fit", file, scratch / "data.npz", "-o", trained, "--no-shuffle", "--optimizer", "sgd",
            "--learning-rate", rate, "--loss", ",".join(["mean_squared_error"] * len(targets)), "--batch-size", len(inputs[0]),
            "--x", ",".join(f"x{i}" for i in range(len(inputs))), "--y", ",".join(f"y{i}" for i in range(len(targets))))
    before = [np.array(v, "float64") for v in model.trainable_variables]
    after = [np.array(v, "float64") for v in keras.models.load_model(trained, compile=False).trainable_variables]
    return [(old - new) / rate for old, new in zip(before, after)], [2.0 ** -24 * np.abs(new).max(initial=0) / rate for new in after]


class Trial:
    """One step from some weights: the command's gradients, Keras's, and the true ones once they are asked for."""

    def __init__(self, keras, model, inputs, targets, options, scratch):
        self.parts = keras, model, inputs, targets
        self.found, self.rounding = our_gradients(keras, model, inputs, targets, options, scratch)
        self.wanted = [np.zeros_like(f) if g is None else g for f, g in zip(self.found, gradients(model, inputs, targets))]
        self.scale = max((np.abs(g).max() for g in self.wanted if g.size), default=0)
        self.start, self.double = model.get_weights(), None

    def own(self, index):
        """The scale of a variable's gradient; the model's where the true one is nothing and all that is found of it is rounding."""
        exact = self.double and self.double[index]
        if exact is not None and np.abs(exact).max() < 2.0 ** -24 * self.scale:
            return self.scale
        return max(np.abs(self.wanted[index]).max(), 1e-3 * self.scale)

    def apart(self, index):
        return np.abs(self.found[index] - self.wanted[index]).max() / (self.own(index) or 1)

    def errors(self, index):
        """Ours and Keras's against float64, from the same weights, in units of the gradient's scale."""
        if self.double is None:
            keras, model, inputs, targets = self.parts
            model.set_weights(self.start)
            wide, wide_model = [a.astype("float64") if a.dtype == np.float32 else a for a in inputs], in_float64(keras, model)
            demand_more_than_rounding(model, wide_model, inputs, wide)
            self.double = gradients(wide_model, wide, targets)
        exact = self.double[index] if self.double[index] is not None else np.zeros_like(self.found[index])
        return [np.abs(value - exact).max() / (self.own(index) or 1) for value in (self.found[index], self.wanted[index])]

    def agrees(self, index, ours, theirs):
        return ours <= max(2 * theirs, TOLERANCE) + self.rounding[index] / (self.own(index) or 1)


def check_gradients(keras, folder, name, options, scratch):
    """The largest difference relative to the gradients' scale, and what is wrong."""
    model = keras.models.load_model(folder / f"{name}.keras", compile=False)
    if reason := beyond_gradients(model):
        raise Unfit(reason)
    silence(model)
    random = np.random.default_rng(7)
    inputs = list(load(folder / f"{name}.in.npz").values())
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    targets = [random.standard_normal(np.shape(value)).astype("float32") for value in outputs]
    trials = [Trial(keras, model, inputs, targets, options, scratch)]
    worst, problems = 0.0, []
    for index, variable in enumerate(model.trainable_variables):
        if getattr(variable, "constraint", None) is not None or not trials[0].found[index].size:
            continue
        off = trials[0].apart(index)
        if not off <= TOLERANCE:
            ours, theirs = trials[0].errors(index)
            for count in (5, 20):
                if trials[0].agrees(index, ours, theirs):
                    break
                while len(trials) < count:
                    # Far enough that every rounding falls anew.
                    model.set_weights([w * (1 + 2.0 ** -8 * random.standard_normal(w.shape)).astype(w.dtype) if w.dtype.kind == "f" else w
                                       for w in trials[0].start])
                    trials.append(Trial(keras, model, inputs, targets, options, scratch))
                ours, theirs = np.mean([trial.errors(index) for trial in trials], axis=0)
            else:
                if not trials[0].agrees(index, ours, theirs):
                    path = getattr(variable, "path", variable.name)
                    problems.append(f"{path}: off by {off:.1e}; from float64 {ours:.1e}, Keras {theirs:.1e}")
                    continue
            off = min(off, TOLERANCE)
        worst = max(worst, off)
    return worst, problems


def all_gradients(keras, options, scratch):
    names = [case["name"] for case in json.loads((options.models / "cases.json").read_text())["cases"]][options.first:][:options.count]
    worst, failed, done, refused = 0.0, 0, 0, Counter()
    start = time.monotonic()
    for name in names:
        if time.monotonic() - start > options.seconds:
            break
        done += 1
        keras.backend.clear_session()
        try:
            off, problems = check_gradients(keras, options.models, name, options, scratch)
        except Refused as refusal:
            text = str(refusal).splitlines()[0]
            if not text.startswith("exit 69"):
                failed += 1
                print(f"{name}: {text}", flush=True)
            else:
                refused[text.split(": ", 4)[-1][:100]] += 1
            continue
        except Exception as problem:
            # TensorFlow has no kernel for some layers in float64.
            refused[("" if isinstance(problem, Unfit) else "Keras: ") + " ".join(str(problem).split())[:90]] += 1
            continue
        worst = max(worst, off)
        failed += bool(problems)
        for problem in problems:
            print(f"{name}: {problem}", flush=True)
    print(f"gradients in {options.keras} {keras.__version__}: {done} models, {sum(refused.values())} not trained, {failed} failed, "
          f"largest difference {worst:.1e}")
    for reason, number in refused.most_common():
        print(f"  {number:4} {reason}")
    return failed


# Twenty steps of Adam

KINDS = ("RNN", "LSTM", "GRU", "Attention", "Normalization", "Bidirectional")


def check_adam(keras, folder, name, options, scratch):
    """How far the runs end apart in units of what is allowed, and what is wrong."""
    model = keras.models.load_model(folder / f"{name}.keras", compile=False)
    silence(model)
    random = np.random.default_rng(7)
    inputs = list(load(folder / f"{name}.in.npz").values())
    batch = len(inputs[0])
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    targets = [np.tile(random.standard_normal(np.shape(value)).astype("float32"), (20,) + (1,) * (len(np.shape(value)) - 1)) for value in outputs]
    inputs = [np.tile(value, (20,) + (1,) * (value.ndim - 1)) for value in inputs]
    file, trained = scratch / "adam.keras", scratch / "trained.keras"
    model.save(file)
    np.savez(scratch / "data.npz", **{f"x{i}": a for i, a in enumerate(inputs)}, **{f"y{i}": a for i, a in enumerate(targets)})
    rate = 0.001
    command(options.keras_binary, "fit", file, scratch / "data.npz", "-o", trained, "--no-shuffle", "--optimizer", "adam",
            "--learning-rate", rate, "--loss", ",".join(["mean_squared_error"] * len(targets)), "--batch-size", batch,
            "--x", ",".join(f"x{i}" for i in range(len(inputs))), "--y", ",".join(f"y{i}" for i in range(len(targets))))
    # One optimizer, set back between the runs: what is traced is traced once.
    # Compiling loops by XLA, as Keras 3 does by itself, takes longer than all else.
    model.compile(whole_adam(keras)(rate), ["mean_squared_error"] * len(targets) if len(targets) > 1 else "mean_squared_error",
                  jit_compile=False)
    start = model.get_weights()

    def run(shift):
        random = np.random.default_rng(shift)
        model.set_weights([w * (1 + 5e-7 * random.standard_normal(w.shape)).astype(w.dtype) if shift and w.dtype.kind == "f" else w
                           for w in start])
        held = model.optimizer.variables
        for variable in held() if callable(held) else held:
            if "learning_rate" not in getattr(variable, "path", variable.name):
                variable.assign(np.zeros(variable.shape, variable.dtype if isinstance(variable.dtype, str) else variable.dtype.as_numpy_dtype))
        model.fit(inputs if len(inputs) > 1 else inputs[0], targets if len(targets) > 1 else targets[0], batch_size=batch, shuffle=False,
                  verbose=0)
        return values(model)

    own = run(0)
    others = [run(shift) for shift in range(1, 6)]
    spread = max((np.abs(a - b).max() for other in others for a, b in zip(own, other) if a.size), default=0)
    found = values(keras.models.load_model(trained, compile=False))
    off = max((np.abs(a - b).max() for a, b in zip(own, found) if a.size), default=0)
    allowed = max(1e-4, 3 * spread)
    return off / allowed, [] if off <= allowed else [f"off by {off:.1e}, allowed {allowed:.1e}"]


def all_adam(keras, options, scratch):
    cases = json.loads((options.models / "cases.json").read_text())["cases"][options.first:]
    names = [case["name"] for case in cases if any(kind in layer for layer in case["layers"] for kind in KINDS)]
    worst, failed, done, refused = 0.0, 0, 0, Counter()
    start, last = time.monotonic(), "none"
    for name in names:
        if done == options.adam or time.monotonic() - start > options.seconds:
            break
        last = name
        keras.backend.clear_session()
        try:
            off, problems = check_adam(keras, options.models, name, options, scratch)
        except Refused as refusal:
            text = str(refusal).splitlines()[0]
            refused[text.split(": ", 4)[-1][:100]] += 1
            failed += not text.startswith("exit 69")
            continue
        except Exception as problem:
            refused["Keras: " + " ".join(str(problem).split())[:90]] += 1
            continue
        done, worst, failed = done + 1, max(worst, off), failed + bool(problems)
        for problem in problems:
            print(f"{name}: {problem}", flush=True)
    print(f"20 steps of Adam in {options.keras}: {done} models up to {last}, {failed} failed, furthest apart {worst:.2f} of what is allowed")
    for reason, number in refused.most_common():
        print(f"  {number:4} {reason}")
    return failed


def whole_adam(keras):
    """Adam that sees a gradient of looked-up rows as one array."""
    if not keras.__version__.startswith("3"):
        return keras.optimizers.Adam

    class WholeAdam(keras.optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            import tensorflow as tf

            return super().update_step(tf.convert_to_tensor(gradient), variable, learning_rate)

    return WholeAdam


# Layers whose training is more than their gradient

def particular_models(keras):
    L, random = keras.layers, np.random.default_rng(5)

    def stopped(x):
        if keras.__version__.startswith("3"):
            return keras.ops.stop_gradient(x)
        import tensorflow as tf

        return tf.stop_gradient(x)

    def chain(shape, *layers):
        return keras.Sequential([L.Input(shape), *layers, L.Flatten(), L.Dense(2)]), random.standard_normal((6, *shape))

    yield "spectral dense", *chain((5,), L.SpectralNormalization(L.Dense(4, "tanh", kernel_regularizer="l2")))
    yield "spectral, three rounds", *chain((5, 6, 2), L.SpectralNormalization(L.Conv2D(3, 2), power_iterations=3))
    yield "spectral, of zeros", *chain((5,), L.SpectralNormalization(L.Dense(4, kernel_initializer="zeros")))
    words = keras.Sequential([L.Input((4,)), L.SpectralNormalization(L.Embedding(7, 3)), L.Flatten(), L.Dense(2)])
    yield "spectral embedding", words, random.integers(0, 7, (6, 4))
    if keras.__version__.startswith("3"):
        bounds = {"rmin": 0.8, "rmax": 1.5, "dmax": 0.5}
        yield "renormalized", *chain((5, 3), L.BatchNormalization(renorm=True, renorm_clipping=bounds, renorm_momentum=0.8, momentum=0.7))
        yield "renormalized without bounds", *chain((5, 4), L.Dense(3), L.BatchNormalization(renorm=True, center=False, momentum=0.9))
    # Nothing trains before they are turned: what TensorFlow hands back through a turned image is not the gradient.
    yield "turned and moved", *chain((7, 6, 2), L.RandomRotation((0.11, 0.11)), L.RandomTranslation((0.3, 0.3), (-0.2, -0.2)),
                                     L.RandomZoom((-0.3, -0.3), fill_mode="wrap"), L.Conv2D(2, 2))
    yield "brighter", *chain((5, 6, 2), L.RandomBrightness((0.2, 0.2), value_range=(-1, 1)), L.Conv2D(2, 2))
    x = keras.Input((5,))
    y = L.Dense(4, "tanh")(x)
    z = L.Dense(4)(stopped(y))
    yield "stopped", keras.Model(x, L.Dense(2)(L.Multiply()([y, z]))), random.standard_normal((6, 5))


def check_particular(keras, model, x, options, scratch):
    steps, batch, rate = 10, len(x), 0.05
    x = np.tile(x, (steps,) + (1,) * (x.ndim - 1)).astype("float32")
    y = np.tile(np.random.default_rng(3).standard_normal((batch, 2)), (steps, 1)).astype("float32")
    file, trained = scratch / "particular.keras", scratch / "trained.keras"
    model.save(file)
    np.savez(scratch / "data.npz", x_train=x, y_train=y)
    command(options.keras_binary, "fit", file, scratch / "data.npz", "-o", trained, "--no-shuffle", "--optimizer", "sgd", "--learning-rate", rate,
            "--loss", "mean_squared_error", "--batch-size", batch)
    model.compile(keras.optimizers.SGD(rate), "mean_squared_error", jit_compile=False)
    model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)
    # With the optimizer that the command was named: Keras finds it again.
    found = values(keras.models.load_model(trained))
    return max(np.abs(a - b).max() for a, b in zip(values(model), found, strict=True))


def all_particular(keras, options, scratch):
    count, failed = 0, 0
    keras.utils.set_random_seed(4)
    for name, model, x in particular_models(keras):
        count += 1
        try:
            off = check_particular(keras, model, x, options, scratch)
            problem = None if off <= TOLERANCE else f"off by {off:.1e}"
        except Refused as refusal:
            problem = str(refusal).splitlines()[0]
        failed += problem is not None
        if problem:
            print(f"{name}: {problem}", flush=True)
    print(f"10 steps of layers of their own kind in {options.keras}: {count} models, {failed} failed")
    return failed


# Going on

def digits(random, count=STEPS * BATCH):
    """Stripes in three directions, with noise."""
    y = random.integers(0, 3, count)
    at = np.arange(12)
    stripes = [np.sin(at)[:, None] + 0 * at, np.sin(at)[None, :] + 0 * at[:, None], np.sin(at[:, None] + at)]
    x = np.stack([stripes[k] for k in y]) + 0.3 * random.standard_normal((count, 12, 12))
    return x[..., None].astype("float32"), y.astype("int64")


def network(keras, optimizer):
    layers = keras.layers
    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        layers.Input((12, 12, 1)), layers.Conv2D(8, 3, activation="relu", name="conv"), layers.BatchNormalization(name="norm"),
        layers.MaxPooling2D(2, name="pool"), layers.Flatten(name="flat"), layers.Dense(16, activation="tanh", name="hidden"),
        layers.Dense(3, activation="softmax", name="classes"),
    ])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def optimizers(keras):
    made = keras.optimizers
    cases = {
        "SGD": lambda: made.SGD(0.05, momentum=0.9), "RMSprop": lambda: made.RMSprop(0.002), "Adam": lambda: made.Adam(0.005),
        "AdamW": lambda: made.AdamW(0.005), "Adagrad": lambda: made.Adagrad(0.05), "Adadelta": lambda: made.Adadelta(1.0),
    }
    if keras.__version__.startswith("3"):
        # tf_keras stores no product of Nadam's momenta, and begins it anew.
        cases["Nadam"] = lambda: made.Nadam(0.005)
        # One gradient of each 25 waits in the file.
        cases["Adam, four gradients together"] = lambda: made.Adam(0.005, gradient_accumulation_steps=4)
    return cases


def train(model, x, y):
    model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0)


def state(model):
    variables = model.optimizer.variables
    return [np.array(v) for v in (variables() if callable(variables) else variables)]


def check_resumption(keras, name, make, ending, x, y, options, scratch):
    """Problems, and how far apart the runs end in units of what is allowed."""
    def from_start(shift):
        model = network(keras, make())
        random = np.random.default_rng(shift)
        if shift:
            model.set_weights([w * (1 + 5e-7 * random.standard_normal(w.shape)).astype(w.dtype) for w in model.get_weights()])
        if not shift:
            model.save(scratch / f"start{ending}")
        runs = []
        for part in range(3):
            train(model, x, y)
            if not shift:
                model.save(scratch / f"own{part}{ending}")
                model = keras.models.load_model(scratch / f"own{part}{ending}")
            runs.append(values(model))
        return runs

    own = from_start(0)
    others = [from_start(s) for s in range(1, 1 + options.perturbed)]
    spread = [max(max(np.abs(a - b).max() for a, b in zip(own[part], other[part])) for other in others) for part in range(3)]
    data, taught = scratch / "data.npz", scratch / f"taught{ending}"
    np.savez(data, x_train=x, y_train=y)
    told = command(options.keras_binary, "fit", scratch / f"own0{ending}", data, "-o", taught, "--no-shuffle", "--batch-size", BATCH)
    # Twice as many steps at once, from the beginning.
    command(options.keras_binary, "fit", scratch / f"start{ending}", data, "-o", scratch / f"through{ending}", "--no-shuffle", "--batch-size",
            BATCH, "--epochs", 2)
    through = values(keras.models.load_model(scratch / f"through{ending}"))
    problems, worst = [], 0.0
    model = keras.models.load_model(taught)
    runs = [values(model)]
    kept = state(model)
    if int(np.max(kept[0])) != 2 * STEPS:
        problems.append(f"{kept[0]} steps counted, not {2 * STEPS}")
    # What arrives: a file the command only copies has the state of the one it read.
    command(options.keras_binary, "convert", scratch / f"own0{ending}", scratch / f"copy{ending}")
    first, copy = (state(keras.models.load_model(scratch / f"{part}{ending}")) for part in ("own0", "copy"))
    if len(first) != len(copy) or not all(np.array_equal(a, b) for a, b in zip(first, copy)):
        problems.append("the optimizer's state does not arrive bit for bit")
    train(model, x, y)
    runs.append(values(model))
    for part, found in ((1, through), (1, runs[0]), (2, runs[1])):
        off = max(np.abs(a - b).max() for a, b in zip(own[part], found))
        allowed = max(1e-4, 3 * spread[part])
        worst = max(worst, off / allowed)
        if not off <= allowed:
            problems.append(f"after {STEPS * (part + 1)} steps off by {off:.1e}, allowed {allowed:.1e}")
    if "accuracy" not in told:
        problems.append(f"printed {told!r}")
    return problems, worst


def all_resumptions(keras, options, scratch):
    x, y = digits(np.random.default_rng(1))
    failed, count, largest = 0, 0, 0.0
    for ending in (".keras", ".h5") if options.keras == "tf_keras" else (".keras",):
        for name, make in optimizers(keras).items():
            keras.backend.clear_session()
            count += 1
            try:
                problems, worst = check_resumption(keras, name, make, ending, x, y, options, scratch)
            except Refused as refusal:
                problems, worst = [str(refusal).splitlines()[0]], 0
            largest = max(largest, worst)
            failed += bool(problems)
            for problem in problems:
                print(f"{name} through {ending}: {problem}", flush=True)
    print(f"going on in {options.keras} {keras.__version__}: {count} runs of 75 steps, {failed} failed, "
          f"furthest apart {largest:.2f} of what is allowed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--models", type=Path, help="random models, for their gradients")
    parser.add_argument("--first", type=int, default=0, help="with which of those models it begins")
    parser.add_argument("--count", type=int, default=50, help="of those models")
    parser.add_argument("--adam", type=int, default=0, help="of those models, how many take twenty steps of Adam")
    parser.add_argument("--perturbed", type=int, default=3, help="runs from weights moved by 5e-7 whose spread is what is allowed")
    parser.add_argument("--seconds", type=float, default=600, help="after which no further model is taken, for gradients and for Adam")
    parser.add_argument("--only", choices=("gradients", "adam"), help="nothing else")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    with tempfile.TemporaryDirectory() as scratch:
        failed = all_gradients(keras, options, Path(scratch)) if options.models and options.only != "adam" else 0
        if options.adam and options.models:
            failed += all_adam(keras, options, Path(scratch))
        if not options.only:
            failed += all_particular(keras, options, Path(scratch))
            failed += all_resumptions(keras, options, Path(scratch))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
