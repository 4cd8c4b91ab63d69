"""Layers that look at text, sounds, histograms and 8 bits: random models by real Keras, and what the Swift command gives. One file, over 300
lines: a draw for each layer.

    python texts.py --keras keras3 [--count 60] [--seed TEXT] [--keras-binary .build/release/keras]

Each model has one such layer with options drawn at random, and is saved as `.keras` and, where Keras saves all of it there, as `.h5`.
"""

import argparse
import importlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from chance import Chance
from command import DEFAULT_BINARY, Refused, distance
from command import keras as command
from kerases import MODULES, imported
from layer_draws import AUGMENTATIONS

WORDS = ["the", "cat", "sat", "On", "a", "Mat", "dog", "ran", "über", "naïve", "東京", "e\u0301t\u00e9", "42", "-7", "x" * 20, "y" * 40, "z" * 70]
MARKS = [" ", "  ", ", ", "! ", "\t", " - ", "'"]


def text(c, longest=9):
    return "".join(c.choice(WORDS) + c.choice(MARKS) for _ in range(c.randint(0, longest)))


def words(c, shape):
    return np.array([c.choice(WORDS) for _ in range(int(np.prod(shape)))], dtype=object).reshape(shape)


def vocabulary(c):
    return c.sample([word for word in WORDS if word], c.randint(2, len(WORDS)))


def lookup(c, L, K):
    """StringLookup: every mode, masks, several places for what is not known, both ways."""
    vocab, mode = vocabulary(c), c.choice(["int", "int", "one_hot", "multi_hot", "count", "tf_idf"])
    arguments = {"num_oov_indices": c.choice([1, 1, 2, 5]), "output_mode": mode}
    if c.yes(0.4):
        arguments["mask_token"] = c.choice(["", "MASK", "cat" if "cat" not in vocab else ""])
    if mode == "tf_idf":
        arguments["idf_weights"] = [c.real(0.1, 2) for _ in vocab]
    if mode != "int" and c.yes(0.3):
        arguments.update(pad_to_max_tokens=True, max_tokens=len(vocab) + 12)
    if c.is_keras3 and c.yes(0.3):
        arguments["salt"] = c.choice([133, [7, 9]])
        arguments["oov_method"] = "farmhash"
    adapted = c.yes(0.3) and mode != "tf_idf"
    if not adapted:
        arguments["vocabulary"] = vocab
    layer = L.StringLookup(**arguments)
    if adapted:
        layer.adapt(words(c, (1, 40)))
    start = K.Input((c.randint(1, 4),), dtype="string")
    n = c.randint(1, 7)
    return [start], layer(start), [words(c, (n, *start.shape[1:]))]


def inverse(c, L, K):
    vocab = vocabulary(c)
    mask = {"mask_token": "MASK"} if c.yes(0.4) else {}
    layer = L.StringLookup(vocabulary=vocab, invert=True, num_oov_indices=c.choice([1, 2]), **mask)
    start = K.Input((3,), dtype="int64")
    return [start], layer(start), [np.random.default_rng(c.randrange(99)).integers(0, len(vocab) + 3, (5, 3))]


def integers(c, L, K):
    """IntegerLookup: every mode, masks, several places for what is not known, adapted or given."""
    vocab, mode = c.sample(range(1, 30), c.randint(2, 9)), c.choice(["int", "one_hot", "multi_hot", "count", "tf_idf"])
    arguments = {"num_oov_indices": c.choice([1, 1, 2, 4]), "output_mode": mode}
    if c.yes(0.4):
        arguments["mask_token"] = 0
    if mode == "tf_idf":
        arguments["idf_weights"] = [c.real(0.1, 2) for _ in vocab]
    if mode != "int" and c.yes(0.3):
        arguments.update(pad_to_max_tokens=True, max_tokens=60)
    adapted = c.yes(0.4) and mode != "tf_idf"
    if not adapted:
        arguments["vocabulary"] = vocab
    layer = L.IntegerLookup(**arguments)
    random = np.random.default_rng(c.randrange(999))
    if adapted:
        layer.adapt(random.integers(0, 20, (1, 30)))
    start = K.Input((c.randint(1, 4),), dtype="int64")
    return [start], layer(start), [random.integers(0, 32, (c.randint(1, 7), *start.shape[1:]))]


def integers_inverse(c, L, K):
    vocab = c.sample(range(1, 30), c.randint(2, 9))
    mask = {"mask_token": 0} if c.yes(0.4) else {}
    layer = L.IntegerLookup(vocabulary=vocab, invert=True, num_oov_indices=c.choice([1, 2]), **mask)
    start = K.Input((3,), dtype="int64")
    return [start], layer(start), [np.random.default_rng(c.randrange(99)).integers(0, len(vocab) + 3, (5, 3))]


def discretization(c, L, K):
    """Boundaries are given, or left for `adapt` to find: those tf_keras writes into no file."""
    random, mode = np.random.default_rng(c.randrange(999)), c.choice(["int", "int", "one_hot", "multi_hot", "count"])
    if not c.is_keras3 or c.yes(0.6):
        layer = L.Discretization(bin_boundaries=sorted(c.real(-1.5, 1.5) for _ in range(c.randint(1, 7))), output_mode=mode)
    else:
        layer = L.Discretization(num_bins=c.randint(2, 8), epsilon=c.choice([0.01, 0.1]), output_mode=mode)
        layer.adapt(random.standard_normal((60, 1)).astype("float32"))
    start = K.Input((1 if mode == "one_hot" else c.randint(1, 4),))
    return [start], layer(start), [random.standard_normal((c.randint(1, 9), *start.shape[1:])).astype("float32")]


def categories(c, L, K):
    """CategoryEncoding: every mode; counts with a weight for each."""
    random, mode, count = np.random.default_rng(c.randrange(999)), c.choice(["one_hot", "multi_hot", "count"]), c.randint(2, 9)
    layer = L.CategoryEncoding(count, output_mode=mode)
    start = K.Input((1 if mode == "one_hot" else c.randint(1, 5),), dtype=c.choice(["int32", "int64"]))
    data = random.integers(0, count, (c.randint(1, 7), *start.shape[1:])).astype(getattr(start.dtype, "name", start.dtype))
    if mode != "count" or c.yes():
        return [start], layer(start), [data]
    weights = K.Input(start.shape[1:])
    return [start, weights], layer(start, count_weights=weights), [data, random.random(data.shape).astype("float32")]


def vectorization(c, L, K):
    mode = c.choice(["int", "int", "int", "multi_hot", "count", "tf_idf"])
    split = c.choice(["whitespace", "whitespace", "character", None])
    arguments = {"standardize": c.choice(["lower_and_strip_punctuation", "lower", "strip_punctuation", None]), "split": split,
                 "output_mode": mode, "ngrams": c.choice([None, None, 2, 3, (2,), (1, 3)])}
    if mode == "int" and c.yes(0.6):
        arguments["output_sequence_length"] = c.randint(1, 12)
    if mode != "int" and c.yes(0.3):
        arguments.update(pad_to_max_tokens=True, max_tokens=200)
    layer = L.TextVectorization(**arguments)
    texts = np.array([[text(c) if split else c.choice(WORDS) for _ in range(1 if split else 3)] for _ in range(12)], dtype=object)
    layer.adapt(texts)
    start = K.Input(texts.shape[1:], dtype="string")
    n = c.randint(1, 8)
    data = np.array([[text(c) if split else c.choice(WORDS) for _ in range(texts.shape[1])] for _ in range(n)], dtype=object)
    end = layer(start)
    if mode == "int" and c.yes(0.5):
        end = L.GlobalAveragePooling1D()(L.Embedding(layer.vocabulary_size() + 1, 3)(end))
    return [start], end, [data]


def hashing(c, L, K):
    mode = c.choice(["int", "int", "one_hot", "multi_hot", "count"])
    kind = c.choice(["string", "int64", "int32"])
    arguments = {"num_bins": c.randint(2, 2000) if mode == "int" else c.randint(2, 12), "output_mode": mode}
    if c.yes(0.4):
        arguments["salt"] = c.choice([133, [3, 7]])
    if c.yes(0.3):
        arguments["mask_value"] = "cat" if kind == "string" else 3
    width = 1 if mode == "one_hot" else c.randint(1, 4)
    start = K.Input((width,), dtype=kind)
    n, random = c.randint(1, 40), np.random.default_rng(c.randrange(999))
    data = (np.array([text(c, 20) if c.yes() else c.choice(WORDS) for _ in range(n * width)], dtype=object).reshape(n, width)
            if kind == "string" else random.integers(-9, 9, (n, width)).astype(kind) * c.choice([1, 1, 10**6]))
    return [start], L.Hashing(**arguments)(start), [data]


def crossing(c, L, K):
    n, count, random = c.randint(1, 30), 2 if c.is_keras3 else c.randint(2, 3), np.random.default_rng(c.randrange(999))
    starts = [K.Input((1,), dtype=c.choice(["string", "int64"])) for _ in range(count)]
    data = [words(c, (n, 1)) if start.dtype == "string" or getattr(start.dtype, "name", "") == "string"
            else random.integers(-5, 99, (n, 1)) for start in starts]
    return starts, L.HashedCrossing(c.randint(2, 500), output_mode=c.choice(["int", "one_hot"]))(starts), data


def spectrogram(c, L, K):
    frame = c.randint(4, 40)
    arguments = {"mode": c.choice(["log", "magnitude", "psd", "real", "imag", "stft"]), "frame_length": frame,
                 "frame_step": c.choice([None, c.randint(1, frame)]), "fft_length": c.choice([None, 64, frame + 3]),
                 "padding": c.choice(["valid", "same"]), "expand_dims": c.yes(), "periodic": c.yes(),
                 # The window makes the kernels, which are in the file; Keras asks scipy for any but none.
                 "window": None, "scaling": None}
    start = K.Input((c.randint(50, 200), c.randint(1, 3)))
    data = np.random.default_rng(c.randrange(999)).standard_normal((c.randint(1, 4), *start.shape[1:])).astype("float32")
    return [start], L.STFTSpectrogram(**arguments)(start), [data]


def mel(c, L, K):
    length = c.choice([16, 30, 64, 97, 256, 400])
    arguments = {"fft_length": length, "sequence_stride": c.randint(3, length), "num_mel_bins": c.randint(2, 12),
                 "sequence_length": c.choice([None, c.randint(4, length)]), "window": c.choice(["hann", "hamming"]),
                 "sampling_rate": c.choice([8000, 16000]), "power_to_db": c.yes(0.7), "mag_exp": c.choice([1.0, 2.0, 1.5]),
                 "top_db": c.choice([80.0, 20.0]), "min_freq": c.choice([20.0, 100.0])}
    start = K.Input((c.randint(length + 1, 900),))
    data = np.random.default_rng(c.randrange(999)).standard_normal((c.randint(1, 40), *start.shape[1:])).astype("float32")
    return [start], L.MelSpectrogram(**arguments)(start), [data]


def clahe(c, L, K):
    unit = c.yes()
    arguments = {"value_range": (0, 1) if unit else (0, 255), "clip_limit": c.choice([0, 2.0, 4.0]),
                 "tile_grid_size": (c.randint(1, 5), c.randint(1, 5))}
    start = K.Input((c.randint(10, 24), c.randint(10, 24), c.choice([1, 3])))
    data = np.random.default_rng(c.randrange(999)).random((c.randint(1, 3), *start.shape[1:])) * (1 if unit else 255)
    return [start], L.ContrastLimitedAdaptiveHistogramEqualization(**arguments)(start), [data.astype("float32")]


def reversible(c, L, K):
    layer = L.ReversibleEmbedding(c.randint(3, 9), c.randint(1, 5), tie_weights=c.yes(), mask_zero=c.yes(0.3),
                                  logit_soft_cap=c.choice([None, 3.0]), reverse_dtype=c.choice([None, "float32"]))
    start = K.Input((4,), dtype="int32")
    hidden = L.Dense(layer.output_dim)(layer(start))
    return [start], layer(hidden, reverse=True), [np.random.default_rng(c.randrange(999)).integers(0, layer.input_dim, (3, 4))]


def pipeline(c, L, K):
    layers = [L.Rescaling(1 / 255), L.Resizing(c.randint(3, 9), c.randint(3, 9)), L.RandomFlip(), L.CenterCrop(3, 3)]
    start = K.Input((c.randint(5, 12), c.randint(5, 12), 3))
    data = np.random.default_rng(c.randrange(999)).random((2, *start.shape[1:])).astype("float32") * 255
    return [start], L.Pipeline(c.sample(layers, c.randint(1, 4)))(start), [data]


def augmented(c, L, K):
    """What changes images in training alone; some of these layers Keras 3 does not save in an `.h5`."""
    shape = (c.randint(4, 9), c.randint(4, 9), 3)
    kind = c.choice([kind for kind in AUGMENTATIONS if hasattr(L, kind)])
    start = K.Input(shape)
    data = np.random.default_rng(c.randrange(999)).random((2, *shape)).astype("float32")
    layer = getattr(L, kind)(**AUGMENTATIONS[kind](c, shape))
    return [start], L.Conv2D(2, 2)(layer(L.Rescaling(c.real(0.5, 1))(start))), [data]


def scaled(c, L, K):
    """The layer of ConvNeXt."""
    layer = importlib.import_module(f"{K.__name__}.src.applications.convnext").LayerScale(c.real(0.1, 2), 3)
    start = K.Input((c.randint(2, 5), 3))
    data = np.random.default_rng(c.randrange(999)).standard_normal((2, *start.shape[1:])).astype("float32")
    return [start], layer(L.Dense(3)(start)), [data]


def dense_chain(c, L, K, start):
    """Layers that can be quantized, and have adapters."""
    x = start
    for _ in range(c.randint(1, 3)):
        kind = c.choice(["Dense", "EinsumDense", "EinsumDense"])
        if kind == "Dense":
            x = L.Dense(c.randint(2, 9), activation=c.choice(["tanh", "linear", "relu"]), use_bias=c.yes(0.7))(x)
        else:
            last = x.shape[-1]
            equation, shape, axes = c.choice([("abc,cd->abd", (None, 6), "d"), ("...c,cd->...d", (5,), "d"), ("abc,cde->abde", (None, 3, 2), "de"),
                                              ("abc,bcd->ad", (4,), "d"), ("abc,ced->abde", (None, 2, 3), "e")])
            if len(x.shape) != 3:
                equation, shape, axes = "...c,cd->...d", (last + 1,), "d"
            x = L.EinsumDense(equation, shape, bias_axes=axes if c.yes() else None)(x)
    return x


def moved(model, random):
    for variable in model.weights:
        value = np.array(variable)
        if np.issubdtype(value.dtype, np.floating) and "scale" not in variable.path:
            variable.assign((value + 0.3 * random.standard_normal(value.shape)).astype(value.dtype))


def quantized(c, L, K):
    random = np.random.default_rng(c.randrange(999))
    if c.yes(0.4):
        start = K.Input((4,), dtype="int32")
        x = L.Embedding(9, c.randint(2, 6))(start)
        data = random.integers(0, 9, (3, 4))
    else:
        start = x = K.Input((4, c.randint(2, 7)))
        data = random.standard_normal((3, *start.shape[1:])).astype("float32")
    model = K.Model(start, dense_chain(c, L, K, x))
    moved(model, random)
    model.quantize("int8")
    return model, None, [data]


def adapters(c, L, K):
    random = np.random.default_rng(c.randrange(999))
    start = K.Input((4,), dtype="int32")
    model = K.Model(start, dense_chain(c, L, K, L.Embedding(9, c.randint(2, 6))(start)))
    for layer in model.layers:
        if hasattr(layer, "enable_lora") and c.yes(0.7):
            layer.enable_lora(c.randint(1, 3), **({"lora_alpha": c.choice([1, 4.0])} if c.yes() else {}))
    moved(model, random)
    return model, None, [random.integers(0, 9, (3, 4))]


def wrapper(c, L, K):
    start = K.Input((4,))
    data = np.random.default_rng(c.randrange(999)).standard_normal((3, 4)).astype("float32")
    return [start], L.Dense(2)(L.Wrapper(L.Dense(3))(start)), [data]


BOTH = [lookup, inverse, integers, integers_inverse, vectorization, hashing, crossing, discretization, categories, augmented, scaled]
DRAWS = {"keras3": [*BOTH, lookup, vectorization, spectrogram, mel, clahe, reversible, pipeline, quantized, adapters], "tf_keras": [*BOTH, wrapper]}


def as_text(array):
    """Without Python's objects, which are pickled."""
    return array.astype(str) if array.dtype == object else array


def expected(model, data):
    result = model.predict(data[0] if len(data) == 1 else data, verbose=0)
    if result.dtype == object:
        return np.array([word.decode() for word in result.reshape(-1)]).reshape(result.shape)
    return result


def bound(draw):
    # Decibels of what is nearly nothing hang on the last bits.
    return {"mel": 2e-4, "spectrogram": 1e-4}.get(draw.__name__, 2e-6)


def check(keras, draw, c, folder, binary, name):
    """One model in each container: what is wrong with it."""
    model, end, data = draw(c, keras.layers, keras)
    if end is not None:
        model = keras.Model(model if len(model) > 1 else model[0], end)
    import tensorflow as tf
    fed = [tf.constant(array.tolist()) if array.dtype == object else array for array in data]
    result = expected(model, fed)
    np.savez(folder / f"{name}.npz", *map(as_text, data)) if len(data) > 1 else np.savez(folder / f"{name}.npz", as_text(data[0]))
    wrong = []
    containers = [".keras"]
    if draw in (adapters, hashing, crossing, spectrogram, wrapper, categories) or (draw in (lookup, inverse, integers, integers_inverse) and model.layers[-1].get_config().get("vocabulary")):
        containers.append(".h5")
    for container in containers:
        file = folder / f"{name}{container}"
        model.save(file)
        out = folder / f"{name}{container}.npy"
        try:
            command(binary, "predict", file, folder / f"{name}.npz", "-o", out)
        except Refused as problem:
            wrong.append(f"{container}: {problem}")
            continue
        ours = np.load(out)
        if ours.shape != result.shape:
            wrong.append(f"{container}: shape {ours.shape} instead of {result.shape}")
        elif result.dtype.kind == "U":
            if not (ours == result).all():
                wrong.append(f"{container}: other words")
        elif (far := distance(ours.astype("float64"), result.astype("float64"))) > bound(draw):
            wrong.append(f"{container}: {far:.2g} away")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", default="swift-keras")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--keep", type=Path, help="write the models here and leave them")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    keras = imported(options.keras)
    failures, refused, done = 0, {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(options.count):
            draw = DRAWS[options.keras][index % len(DRAWS[options.keras])]
            name = f"{draw.__name__}_{index:03}"
            keras.backend.clear_session()
            try:
                wrong = check(keras, draw, Chance(keras, f"{options.seed}/{name}"), folder, options.keras_binary, name)
            except Exception as problem:
                refused.setdefault(draw.__name__, []).append(f"{type(problem).__name__}: {' '.join(str(problem).split())[:150]}")
                continue
            done[draw.__name__] = done.get(draw.__name__, 0) + 1
            for sentence in wrong:
                failures += 1
                print(f"FAIL {name} {sentence}")
    for kind, problems in refused.items():
        print(f"{len(problems)} of {kind} refused by Keras: {problems[0]}")
    print(", ".join(f"{kind} {count}" for kind, count in sorted(done.items())))
    print(f"{sum(done.values())} models of text and the like in {options.keras}, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
