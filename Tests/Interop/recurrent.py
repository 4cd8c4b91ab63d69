"""Recurrent layers in what a chain of layers does not show: masks, states handed in and out, states kept from batch to batch, both ways at once.

    python recurrent.py --keras keras3 [--count 60] [--seed TEXT] [--keras-binary .build/release/keras]

Each model is drawn, saved as `.h5` and `.keras`, and predicted by the command from both; real Keras is the judge.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from chance import Chance, Unfit
from command import DEFAULT_BINARY, Refused, agrees, distance, predict
from command import keras as command
from float64 import in_float64
from kerases import MODULES, imported
from layer_draws import any_cell, conv_lstm, gru, lstm, simple_rnn
from random_models import move_weights, run

DRAWS = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}


class Models:
    def __init__(self, keras, chance):
        self.keras, self.c, self.L = keras, chance, keras.layers

    def layer(self, shape, kind=None, **more):
        kind = kind or self.c.choice(sorted(DRAWS))
        arguments = {**DRAWS[kind](self.c, shape), **more}
        return getattr(self.L, kind)(**arguments)

    def masked(self, x):
        return self.L.Masking(0.0)(x)

    def sequence(self, steps=None):
        """An input whose steps are masked by zeros, and the same from words."""
        steps = steps or self.c.choice([None, 5, 7])
        if self.c.yes():
            x = self.keras.Input((steps,), dtype="int32")
            return x, self.L.Embedding(6, self.c.randint(2, 4), mask_zero=self.c.yes(0.8))(x)
        x = self.keras.Input((steps, self.c.randint(1, 4)))
        return x, self.masked(x) if self.c.yes(0.8) else x

    def masks(self):
        """One layer after another, with the mask going along."""
        x, y = self.sequence()
        for _ in range(self.c.randint(1, 2)):
            y = self.layer(tuple(y.shape)[1:], return_sequences=True)(y)
        y = self.layer(tuple(y.shape)[1:])(y)
        return [x], y

    def zeroed(self):
        x, y = self.sequence()
        more = {"zero_output_for_mask": True} if self.c.is_keras3 else {}
        cells = [any_cell(self.c) for _ in range(self.c.randint(1, 2))]
        sequences = self.c.yes(0.7)
        y = self.L.RNN(cells, return_sequences=sequences, **more)(y)
        return [x], y

    def both_ways(self):
        x, y = self.sequence()
        mode, states = self.c.choice(["concat", "sum", "ave", "mul", None]), self.c.yes(0.4)
        inner = self.layer(tuple(y.shape)[1:], go_backwards=False, return_state=states)
        results = self.L.Bidirectional(inner, merge_mode=mode)(y)
        results = list(results) if isinstance(results, (list, tuple)) else [results]
        if mode is None and inner.return_sequences:
            results.append(self.layer(tuple(results[1].shape)[1:])(results[1]))
        elif inner.return_sequences:
            results.append(self.L.Bidirectional(self.layer(tuple(results[0].shape)[1:], go_backwards=False))(results[0]))
        return [x], results

    def states(self):
        """An encoder's states begin a decoder."""
        kind = self.c.choice(sorted(DRAWS))
        x, y = self.sequence()
        units = self.c.randint(2, 4)
        encoder = self.layer(tuple(y.shape)[1:], kind, units=units, return_state=True)
        given = encoder(y)
        output, states = given[0], list(given[1:])
        w, z = self.sequence()
        decoder = self.layer(tuple(z.shape)[1:], kind, units=units, return_state=self.c.yes())
        results = decoder(z, initial_state=states)
        results = list(results) if isinstance(results, (list, tuple)) else [results]
        return [x, w], [output, *results]

    def states_both_ways(self):
        kind = self.c.choice(sorted(DRAWS))
        units = self.c.randint(2, 4)
        count = 4 if kind == "LSTM" else 2
        x, y = self.sequence()
        states = [self.keras.Input((units,)) for _ in range(count)]
        inner = self.layer(tuple(y.shape)[1:], kind, units=units, go_backwards=False)
        return [x, *states], self.L.Bidirectional(inner)(y, initial_state=states)

    def stacked(self):
        x, y = self.sequence()
        cells = [any_cell(self.c) for _ in range(self.c.randint(2, 3))]
        results = self.L.RNN(cells, return_state=True, return_sequences=self.c.yes())(y)
        flat = []
        for result in results:
            flat += list(result) if isinstance(result, (list, tuple)) else [result]
        return [x], flat

    def kept(self):
        """Stateful: three batches, one after the other."""
        batch, steps = 3, self.c.choice([2, 4])
        shape = (steps, 2)
        x = self.keras.Input(shape, batch_size=batch)
        y = self.masked(x) if self.c.yes(0.3) else x
        if self.c.yes(0.3):
            y = self.L.Bidirectional(self.layer(shape, stateful=True, go_backwards=False))(y)
        else:
            y = self.layer(shape, stateful=True)(y)
        return [x], y

    def each_step(self):
        """A mask within each step, and one of the steps."""
        x = self.keras.Input((3, 5), dtype="int32")
        y = self.L.Embedding(6, 3, mask_zero=True)(x)
        y = self.L.TimeDistributed(self.layer((5, 3), return_sequences=False))(y)
        return [x], self.L.Dense(2)(y)

    def time_first(self):
        if self.c.is_keras3:
            raise Unfit
        x = self.keras.Input((5, 3))
        kind = self.c.choice(sorted(DRAWS))
        y = self.layer((5, 3), kind, time_major=True, unroll=False)(x)
        return [x], y

    def images(self):
        rank = self.c.choice([1, 2, 3])
        shape = (3, *[4] * rank, 2)
        x = self.keras.Input(shape)
        y = self.L.TimeDistributed(self.L.Flatten())(x)
        results = getattr(self.L, f"ConvLSTM{rank}D")(**conv_lstm(self.c, shape), return_state=True)(x)
        return [x], [*results, self.layer(tuple(y.shape)[1:])(y)]


# Keras 3 writes how a mask is made into the graph of a Functional: operations that are layers of their own there.
OPERATIONS = {"Any", "NotEqual"}

KINDS = ["masks", "zeroed", "both_ways", "states", "states_both_ways", "stacked", "kept", "each_step", "time_first", "images"]


def arrays_for(inputs, kind, random):
    batch = 5 if kind == "time_first" else 9 if kind == "kept" else int(random.integers(1, 6))
    arrays, steps = {}, int(random.integers(4, 9))
    for tensor in inputs:
        shape = [batch] + [size or steps for size in tensor.shape[1:]]
        if "int" in str(getattr(tensor.dtype, "name", tensor.dtype)):
            value = random.integers(0, 6, shape).astype("int32")
        else:
            value = random.standard_normal(shape).astype("float32")
            if len(shape) == 3:
                value[random.random(shape[:2]) < 0.35] = 0
        arrays[tensor.name.split(":")[0]] = value
    return arrays


def answers(model, kind, arrays):
    if kind != "kept":
        return run(model, model, arrays)
    (name, whole), = arrays.items()
    parts = [run(model, model, {name: whole[start:start + 3]}) for start in range(0, len(whole), 3)]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def evaluate_kept(binary, file, folder, arrays, expected):
    """The states go from batch to batch in an evaluation too."""
    (x,), (y,) = arrays.values(), expected.values()
    target = np.random.default_rng(0).standard_normal(y.shape).astype("float32")
    np.savez(folder / "data.npz", x=x, y=target)
    told = json.loads(command(binary, "evaluate", file, folder / "data.npz", "--x", "x", "--y", "y", "--loss", "mean_squared_error", "--json"))
    wanted = np.mean((y - target) ** 2)
    if not abs(told["loss"] - wanted) <= 1e-5 * wanted:
        raise ValueError(f"evaluates to {told['loss']}, not {wanted}")


def named(values):
    """Keras names the outputs of one layer alike; the command numbers them."""
    return list(values.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", default="swift-keras")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    failures, counts, refused, waiting = [], Counter(), Counter(), Counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(options.count):
            kind = KINDS[index % len(KINDS)]
            for attempt in range(30):
                chance = Chance(keras, f"{options.seed}/{options.keras}/{index}/{attempt}")
                random = np.random.default_rng(chance.randrange(2**32))
                keras.backend.clear_session()
                keras.utils.set_random_seed(chance.randrange(2**32))
                try:
                    inputs, outputs = getattr(Models(keras, chance), kind)()
                    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
                    # Each output by a layer of its own, so that each has a name of its own.
                    outputs = [keras.layers.Activation("linear", name=f"out_{i}")(y) for i, y in enumerate(outputs)]
                    model = keras.Model(inputs, outputs)
                    move_weights(model, random)
                    arrays = arrays_for(inputs, kind, random)
                    expected = answers(model, kind, arrays)
                    if all(np.all(np.isfinite(value)) and np.abs(value).max() < 1e4 for value in expected.values()):
                        break
                except Unfit:
                    continue
                except (ValueError, TypeError, NotImplementedError) as problem:
                    refused[f"{kind}: {type(problem).__name__}: {' '.join(str(problem).split())[:80]}"] += 1
            else:
                continue
            name = f"{options.keras}_{index:03}_{kind}"
            np.savez(folder / "in.npz", **arrays)
            try:
                doubles = answers(in_float64(keras, model), kind, {n: a.astype("float64") if a.dtype == np.float32 else a for n, a in arrays.items()})
            except Exception:
                doubles = None
            for ending in (".h5", ".keras"):
                file = folder / f"{name}{ending}"
                try:
                    model.save(file)
                except Exception as problem:
                    refused[f"{kind}{ending}: not saved: {' '.join(str(problem).split())[:60]}"] += 1
                    continue
                counts[kind + ending] += 1
                try:
                    found = named(predict(options.keras_binary, file, folder / "in.npz", folder))
                    # Of masked sequences only the steps that count have a loss.
                    if kind == "kept" and not any(type(layer).__name__ == "Masking" for layer in model.layers):
                        evaluate_kept(options.keras_binary, file, folder, arrays, expected)
                    for i, (value, key) in enumerate(zip(found, expected, strict=True)):
                        if not agrees(value, expected[key], doubles and doubles[key]):
                            failures.append(f"{name}{ending}: output {i} differs by {distance(value, expected[key]):.2g}")
                except (Refused, ValueError) as problem:
                    unknown = set(re.findall(r"this kind of layer is not supported; found '(\w+)'", str(problem)))
                    if unknown and unknown <= OPERATIONS:
                        waiting.update(unknown)
                        continue
                    failures.append(f"{name}{ending}: {str(problem)[:400]}")
    for text, number in refused.most_common(12):
        print(f"  not made {number:4} {text}")
    for text, number in waiting.items():
        print(f"  refused for the operation {text}: {number} files")
    for failure in failures:
        print("FAILED", failure)
    print(f"{sum(counts.values())} files of {options.keras} {keras.__version__} ({dict(counts)}), {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
