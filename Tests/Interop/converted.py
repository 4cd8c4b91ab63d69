"""A model that the command converts, judged by one Keras: what `saving.py` does with each."""

import json
import re
import time
from collections import Counter
from contextlib import contextmanager

import numpy as np

from architectures import difference
from command import TOLERANCE, Refused, agrees, distance, keras as command, predict
from corpus_reference import doubles, run

DIALECTS = {"keras": "keras3", "tf_keras": "tf.keras"}


def sentence(problem):
    """One line of what Keras or the command says."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:160]}"


def refusal(keras, problem):
    """The reason without the layer's name, and whether it is untrue of this Keras."""
    text = str(problem).splitlines()[0]
    lacking = re.search(r"(\S+) has no such layer.*found (\w+)", text)
    untrue = bool(lacking) and lacking[1] == DIALECTS[keras.__name__] and hasattr(keras.layers, lacking[2])
    text = re.sub(r"(found|expected) [\[(].*?[\])]", r"\1 …", text)
    return re.sub(r"^.*?(layer '[^']*'|@\w+)[^:]*: |^exit \d+: keras: \S+?: ", "", text)[:110], untrue


def targets(model, outputs, random):
    """Random targets of a kind that the model's loss takes."""
    losses = model.loss if isinstance(model.loss, (list, tuple, dict)) else [model.loss] * len(outputs)
    losses = list(losses.values()) if isinstance(losses, dict) else list(losses)
    result = []
    for index, value in enumerate(outputs):
        loss = str(getattr(losses[index], "name", losses[index]) if index < len(losses) else "")
        if "sparse" in loss:
            result.append(random.integers(0, value.shape[-1], value.shape[:-1] + (1,)))
        elif "categorical" in loss:
            result.append(np.eye(value.shape[-1], dtype="float32")[random.integers(0, value.shape[-1], value.shape[:-1])])
        else:
            result.append(random.uniform(0, 1, value.shape).astype("float32"))
    return result if len(result) > 1 else result[0]


def go_on(model, values, outputs, in_graph):
    """Evaluates and trains one step: operation by operation, since making a graph of it takes longer than the step. What TensorFlow has no
    single operation for here, a channels-first convolution's gradient, it does in a graph; and what it died of."""
    random = np.random.default_rng(1)
    if getattr(model, "optimizer", None) is None or not model.loss:
        model.compile("sgd", ["mse"] * len(outputs) if len(outputs) > 1 else "mse")
    inputs, wanted = values if len(values) > 1 else values[0], targets(model, outputs, random)
    for is_eager in (False,) if in_graph else (True, False):
        # What was made for the other way would be used again.
        model.run_eagerly, model.train_function, model.test_function = is_eager, None, None
        try:
            model.evaluate(inputs, wanted, verbose=0)
            model.fit(inputs, wanted, epochs=1, batch_size=len(outputs[0]), verbose=0)
            return
        except Exception as problem:
            if not is_eager or not re.search("NHWC|channels_first|data_format|NCHW", str(problem)):
                raise


def cannot_train(model, problem):
    """Whether it is this Keras's own fault: Keras 3's LSTM and GRU do not drop inputs out with `implementation=1`, whoever made them."""
    return "BroadcastTo" in str(problem) and any(
        type(layer).__name__ in ("LSTM", "GRU") and getattr(layer.cell, "implementation", 2) == 1 and layer.dropout > 0
        for layer in model._flatten_layers())


class Checker:
    """One Keras, and what came of each model."""

    def __init__(self, keras, binary, scratch):
        self.keras, self.binary, self.scratch = keras, binary, scratch
        self.refused, self.counts, self.seconds, self.in_graph = Counter(), Counter(), Counter(), False
        # The last original that this Keras loaded, and from which file.
        self.last = None, None

    @contextmanager
    def timing(self, question):
        """How long each question takes, of all models together."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[question] += time.monotonic() - start

    def write(self, file, name, *arguments):
        """What the command makes of a model, nil with the problems if it refuses."""
        result = self.scratch / name
        result.unlink(missing_ok=True)
        try:
            command(self.binary, "convert", file, result, *arguments)
        except Refused as refused:
            reason, untrue = refusal(self.keras, refused)
            self.refused[f"{name}: {reason}"] += 1
            return None, [f"{name} is refused without reason: {reason}"] if untrue else []
        return result, []

    def load(self, file):
        """The file itself as this Keras loads it."""
        if self.last[0] != file:
            self.last = file, self.keras.models.load_model(file, compile=False)
        return self.last[1]

    def original(self, file, values):
        """What this Keras computes from the file itself; None if it does not load or run it."""
        try:
            model = self.load(file)
        except Exception:
            return None, False
        try:
            return run(model, values), True
        except Exception:
            return None, True

    def check(self, case):
        """The problems of one model, one line each."""
        with self.timing("converting"):
            universal, problems = self.write(case.file, "universal.h5", "--to", "universal")
        if universal is None:
            return problems + self.others(case, None, None)
        if case.carries_code():
            self.counts["not given to Python: they carry code"] += 1
            return []
        try:
            with self.timing("loading and running"):
                model = self.keras.models.load_model(universal)
                values = case.inputs(model)
                found = run(model, values)
        except Exception as problem:
            if case.arrays is not None and self.original(case.file, list(case.arrays.values())) == (None, True):
                self.counts["whose original this Keras does not run either"] += 1
                return []
            return [f"does not load or run: {sentence(problem)}"]
        with self.timing("the command's own"):
            problems += self.compare(case, model, values, found)
        with self.timing("the original"):
            wanted = None if case.is_misread() else self.original(case.file, values)[0]
        if wanted is not None:
            self.counts["compared with the original bit for bit"] += 1
            if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(wanted, found)):
                problems.append(f"differs from the original by {max(map(distance, found, wanted)):.1e}")
        self.counts["written"] += 1
        with self.timing("other containers"):
            problems += self.others(case, values, found)
        if any(value.dtype.kind == "U" for value in values):
            self.counts["of text: not trained"] += 1
            return problems
        try:
            with self.timing("evaluating and training"):
                go_on(model, values, found, self.in_graph)
            self.counts["evaluated and trained"] += 1
        except Exception as problem:
            if self.keras.__name__ == "keras" and cannot_train(model, problem):
                self.counts["that Keras 3 cannot train: LSTM and GRU with dropout and implementation=1"] += 1
            else:
                problems.append(f"does not go on: {sentence(problem)}")
        return problems

    def compare(self, case, model, values, found):
        """Against what the command computes from the original."""
        np.savez(self.scratch / "in.npz", *values)
        try:
            ours = list(predict(self.binary, case.file, self.scratch / "in.npz", self.scratch).values())
        except Refused as refused:
            # What cannot be run cannot be compared, which other scripts look at.
            self.refused["not run: " + refusal(self.keras, refused)[0]] += 1
            return []
        if [value.shape for value in ours] != [value.shape for value in found]:
            return [f"the command gives {[value.shape for value in ours]}, Keras {[value.shape for value in found]}"]
        worst = max(map(distance, ours, found))
        if worst <= TOLERANCE:
            return []
        exact = doubles(self.keras, model, values)
        if exact and all(map(agrees, ours, found, exact)):
            return []
        return [f"differs from the command by {worst:.1e}"]

    def others(self, case, values, found):
        """A model of the collection in the other containers."""
        if not case.has_all_forms or case.carries_code():
            return []
        dialect, problems = DIALECTS[self.keras.__name__], []
        text, failures = self.write(case.file, "architecture.json", "--to", dialect)
        problems += failures
        if text is not None:
            problems += self.compare_json(case, text.read_text(), dialect)
        if dialect != "keras3":
            return problems
        archive, failures = self.write(case.file, "model.keras", "--to", "keras3")
        problems += failures
        if archive is None:
            return problems
        try:
            model = self.keras.models.load_model(archive)
            values = case.inputs(model) if values is None else values
            results = run(model, values)
            if found is not None and max(map(distance, results, found)) > TOLERANCE:
                problems.append(f"the .keras differs by {max(map(distance, results, found)):.1e}")
            elif found is None:
                problems += [f".keras: {text}" for text in self.compare(case, model, values, results)]
            weights, failures = self.write(case.file, "model.weights.h5", "--to", "keras3")
            problems += failures
            if weights is not None:
                before = model.get_weights()
                model.set_weights([np.zeros_like(array) for array in before])
                model.load_weights(weights)
                if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(model.get_weights(), before)):
                    problems.append("the .weights.h5 has other weights")
            self.counts["in .keras and .weights.h5"] += 1
        except Exception as problem:
            problems.append(f"the .keras does not load or run: {sentence(problem)}")
        return problems

    def compare_json(self, case, text, dialect):
        """This Keras must write ours as it reads it; where an older version of its own wrote the file, whose words are kept, it must make of ours
        what it makes of the original."""
        try:
            back = self.keras.models.model_from_json(text).to_json()
            wanted = text
            if case.generation == dialect and back != text:
                wanted = self.load(case.file).to_json()
                self.counts["JSON in an older version's words"] += 1
        except Exception as problem:
            return [f"its JSON is not read: {sentence(problem)}"]
        self.counts["JSON read"] += 1
        return [f"Keras writes the JSON otherwise: {difference(json.loads(wanted), json.loads(back))}"] if back != wanted else []
