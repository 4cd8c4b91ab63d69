"""What real Keras computes from given files: one process for many, called by `corpus.py`.

    python corpus_reference.py keras|tf_keras JOBS.json

A job is `{"file", "inputs", "out", "turned"}`: `inputs` an .npz with `in0`, `in1`, … or null for random ones; `out` the .npz to
write, with the inputs, `out0`, … in float32 and `double0`, … in float64. What Keras cannot load or run is left out,
with the reason in `OUT.error`.
"""

import importlib
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # see kerases.py

import numpy as np

from float64 import all_layers, in_float64

BATCH, UNKNOWN_SIZE = 2, 7


def random_inputs(model):
    """Fixed random inputs; small integers when the model embeds them."""
    random = np.random.default_rng(5)
    vocabularies = [layer.input_dim for layer in all_layers(model) if type(layer).__name__ == "Embedding"]
    for start in model.inputs:
        shape = [start.shape[0] or BATCH] + [size or UNKNOWN_SIZE for size in start.shape[1:]]
        if getattr(start.dtype, "name", start.dtype) == "string":
            yield random.choice(["a", "b", "the cat", ""], shape)
            continue
        if vocabularies and len(shape) == 2:
            yield random.integers(0, min(vocabularies), shape).astype("float32")
        else:
            yield random.uniform(-1, 1, shape).astype("float32")


def run(model, values):
    """The outputs in order."""
    if any(value.dtype.kind == "U" for value in values):
        import tensorflow
        values = [tensorflow.constant(value) for value in values]
    results = model(values if len(values) > 1 else values[0], training=False)
    if isinstance(results, dict):
        results = list(results.values())
    return [np.array(value) for value in (results if isinstance(results, (list, tuple)) else [results])]


def doubles(keras, model, values):
    """The float64 outputs; none where Keras cannot rebuild or run the model so."""
    try:
        return run(in_float64(keras, model), [value.astype("float64") for value in values])
    except Exception as problem:
        print(f"no float64 reference for {model.name}: {' '.join(str(problem).split())[:120]}", file=sys.stderr)
        return []


def turn(model):
    """Reverses the spatial axes of convolutions' kernels, which Theano had the other way round."""
    for layer in all_layers(model):
        if "Conv" in type(layer).__name__ and layer.weights:
            kernel, *rest = layer.get_weights()
            layer.set_weights([np.flip(kernel, tuple(range(kernel.ndim - 2))), *rest])


def reference(keras, file, inputs, turned=False):
    model = keras.models.load_model(file, compile=False)
    if turned:
        turn(model)
    if inputs:
        with np.load(inputs) as given:
            values = [given[name] for name in sorted(given.files, key=lambda n: (len(n), n)) if name.startswith("in")]
    else:
        values = list(random_inputs(model))
    members = {"in": values, "out": run(model, values), "double": doubles(keras, model, values)}
    return {f"{kind}{i}": array for kind, arrays in members.items() for i, array in enumerate(arrays)}


def main(name, jobs):
    warnings.filterwarnings("ignore")
    keras = importlib.import_module(name)
    for job in json.loads(Path(jobs).read_text()):
        keras.backend.clear_session()
        try:
            np.savez(job["out"], **reference(keras, job["file"], job["inputs"], job["turned"]))
        except Exception as problem:
            Path(job["out"] + ".error").write_text(" ".join(str(problem).split())[:300])


if __name__ == "__main__":
    main(*sys.argv[1:])
