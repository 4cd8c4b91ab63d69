"""Writes random models with what real Keras computes from them.

    python random_models.py --keras keras3 --count 100 --seed 1 --out DIR

For every model NAME: `NAME.h5` and `NAME.keras`; for every fourth also its architecture `NAME.json` and its weights alone,
`NAME_w.h5` in the older layout and `NAME.weights.h5`;
`NAME.in.npz` (one member per input), `NAME.out.npz` (one per output, in model order: Keras in float32) and
`NAME.ref64.npz` (the same weights in float64). `cases.json` lists the cases and the layers in each.
The numbers are those of the model that was saved. Whether Keras itself reads them back from the file is counted for every fourth.
"""

import argparse
import json
import os
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import numpy as np

import figures
from chance import Chance, Unfit
from command import TOLERANCE, distance
from float64 import all_layers, finalize, in_float64
from kerases import MODULES, imported
from structures import Builder, Tally



class DrawAgain(Exception):
    """A model that shows nothing."""


def layer_names(model):
    """The classes of layers in a model, once each."""
    return sorted({type(layer).__name__ for layer in all_layers(model)})


def name_of(variable):
    return getattr(variable, "path", variable.name)


def move_weights(model, random):
    """Moves every weight off its initial value; variances stay positive."""
    for variable in model.weights:
        value = np.array(variable)
        if not np.issubdtype(value.dtype, np.floating):
            continue
        noise = random.standard_normal(value.shape)
        moved = random.uniform(0.4, 2, value.shape) if "variance" in name_of(variable) else value + 0.15 * noise
        variable.assign(moved.astype(value.dtype))
    finalize(model)


def inputs_for(model, random):
    """Random inputs; all unknown sizes of one input are drawn for themselves, integers stay small for Embedding."""
    batch, ids = int(random.integers(1, 10)), embedded(model)
    arrays = {}
    for start in model.inputs:
        shape = [batch] + [size or int(random.integers(12, 20)) for size in start.shape[1:]]
        name = name_of_tensor(start)
        if name in ids:
            arrays[name] = random.integers(0, ids[name], shape).astype(getattr(start.dtype, "name", start.dtype))
        else:
            arrays[name] = random.standard_normal(shape).astype("float32")
    return arrays


def name_of_tensor(tensor):
    return tensor.name.split(":")[0]


def embedded(model):
    """The inputs that go into an Embedding, with its vocabulary's size."""
    layers = [layer for layer in model.layers if type(layer).__name__ == "Embedding"]
    if type(model).__name__ == "Sequential":
        return {name_of_tensor(model.inputs[0]): layer.input_dim for layer in layers}
    return {name_of_tensor(layer.input): layer.input_dim for layer in layers}


def run(model, call, arrays):
    """The outputs of `call`, which is the model or the model compiled, by name and in model order."""
    values = list(arrays.values())
    results = call(values if len(values) > 1 else values[0], training=False)
    results = results if isinstance(results, (list, tuple)) else [results]
    return {name: np.array(value) for name, value in zip(output_names(model), results, strict=True)}


def output_names(model):
    """The names of the layers the outputs come out of; Keras 3's Sequential does not list them."""
    return getattr(model, "output_names", None) or [model.layers[-1].name]


def demand_steadiness(model, arrays, outputs):
    """Refuses a batch whose size changes its numbers: Keras 3 on TensorFlow takes a summand of shape (n, 1, …, 1) for a bias
    where n is as long as the channels (`keras.src.backend.tensorflow.numpy.add`)."""
    longer = {name: np.concatenate([values, values[:1]]) for name, values in arrays.items()}
    for name, values in run(model, model, longer).items():
        if distance(values[:-1], outputs[name]) > TOLERANCE:
            raise ValueError("Keras gives other numbers to a batch of another size")


def demand_worth(outputs, doubles):
    """Refuses outputs that are constant, saturated, not finite or dominated by rounding."""
    for name, value in outputs.items():
        if not np.all(np.isfinite(value)) or np.abs(value).max() > 1e6 or np.abs(value).max() < 1e-6:
            raise DrawAgain("not finite, too large or zero")
        if value.size > 4 and len(np.unique(value)) < max(3, value.size // 10):
            raise DrawAgain("constant or saturated")
        if np.abs(value - doubles[name]).max() > 1e-3 * np.abs(value).max():
            raise DrawAgain("float32 and float64 part")


def in_double(keras, model, arrays):
    """The float64 outputs. Compiled where Keras has no kernel: channels-first convolutions in float64."""
    import tensorflow

    double = in_float64(keras, model)
    arrays = {name: a.astype("float64") if a.dtype == np.float32 else a for name, a in arrays.items()}
    try:
        return run(double, double, arrays)
    except Exception:
        return run(double, tensorflow.function(double, jit_compile=True), arrays)


def read_back(keras, file, arrays, outputs, tally):
    """Counts what Keras itself makes of the file, when it is not what was saved."""
    try:
        loaded = keras.models.load_model(file, compile=False)
        again = run(loaded, loaded, arrays)
        if not all(np.allclose(a, b, 1e-4, 1e-5) for a, b in zip(again.values(), outputs.values())):
            tally.misread["other numbers from " + ", ".join(layer_names(loaded))] += 1
    except Exception as problem:
        tally.misread[f"{type(problem).__name__}: {' '.join(str(problem).split())[:90]}"] += 1


def write_weights(whole, path):
    """The weights-only layout: the whole file's `model_weights` as the root. Keras 3 reads it and cannot write it."""
    with h5py.File(whole) as source, h5py.File(path, "w") as target:
        weights = source["model_weights"]
        for name in weights:
            source.copy(weights[name], target, name)
        for key, value in weights.attrs.items():
            target.attrs[key] = value


def write_case(keras, chance, out, name, as_pair, tally):
    """Draws, saves, loads back and runs one model."""
    random = np.random.default_rng(chance.randrange(2**32))
    keras.utils.set_random_seed(chance.randrange(2**32))
    model = Builder(chance, tally).model()
    move_weights(model, random)
    file = out / f"{name}.h5"
    model.save(file)
    model.save(out / f"{name}.keras")
    arrays = inputs_for(model, random)
    outputs = run(model, model, arrays)
    demand_steadiness(model, arrays, outputs)
    doubles = in_double(keras, model, arrays)
    demand_worth(outputs, doubles)
    if len(arrays) > 1 and chance.yes():
        np.savez(out / f"{name}.in.npz", *arrays.values())
    else:
        np.savez(out / f"{name}.in.npz", **arrays)
    np.savez(out / f"{name}.out.npz", **outputs)
    np.savez(out / f"{name}.ref64.npz", **doubles)
    if as_pair:
        read_back(keras, file, arrays, outputs, tally)
        (out / f"{name}.json").write_text(model.to_json())
        write_weights(file, out / f"{name}_w.h5")
        model.save_weights(out / f"{name}.weights.h5")
    return {"name": name, "layers": layer_names(model),
            "kind": type(model).__name__}


def write_until_good(keras, seed, out, index, name, tally):
    """Draws until Keras can save, load and run the model and its outputs show something."""
    for attempt in range(200):
        keras.backend.clear_session()
        try:
            return write_case(keras, Chance(keras, f"{seed}/{name}/{attempt}"), out, name, index % 4 == 0, tally)
        except Unfit:
            continue
        except Exception as problem:
            tally.again[f"{type(problem).__name__}: {str(problem).splitlines()[0][:90]}"] += 1
    raise SystemExit(f"{name}: nothing worth keeping in 200 attempts; the usual problems: {tally.again.most_common(3)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    options.out.mkdir(parents=True, exist_ok=True)
    tally, cases = Tally(), []
    for index in range(options.count):
        name = f"{options.keras}_{index:04}"
        cases.append(write_until_good(keras, options.seed, options.out, index, name, tally))
    description = {"seed": options.seed, "keras": keras.__version__, "cases": cases}
    (options.out / "cases.json").write_text(json.dumps(description))
    figures.make(keras, options.out)
    for title, counter in (("drawn again", tally.again), ("layers Keras refused", tally.refused),
                           ("misread by Keras itself", tally.misread)):
        print(f"{title}: {sum(counter.values())}")
        for text, n in counter.most_common(12):
            print(f"  {n:5} {text}")
    counts = Counter(layer for case in cases for layer in case["layers"])
    print("models by layer:", ", ".join(f"{layer} {n}" for layer, n in sorted(counts.items())))
    print(f"{len(cases)} models of {options.keras} {keras.__version__}, seed {options.seed}")


if __name__ == "__main__":
    main()
