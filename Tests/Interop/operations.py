"""Operations as nodes of models (`x + y`, `x[:, 1:]`, `ops.mean(x)`, `tf.reshape(x, …)`): the Swift command against real Keras.
One file, just over 300 lines: a list.

    python operations.py --keras keras3|tf_keras [--keras-binary .build/release/keras] [--chains 20] [--seed TEXT] [--only NAME]

Each operation alone in a model, then chains of those drawn at random between layers. Every model is run from its `.h5` and its `.keras`, then
converted to a `.keras` of the same dialect, which real Keras must load and compute the same from.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

from command import DEFAULT_BINARY, Refused, distance, predict
from command import keras as command
from kerases import MODULES, imported

LIMIT = 2e-5


def keras3_operations(keras):
    """By name: a function of x (n, 4, 6), z (n, 4, 6) and the image i (n, 6, 8, 3)."""
    ops = keras.ops
    named = {}
    for name in ("negative absolute square exp expm1 sin cos tan sign floor ceil tanh sigmoid log_sigmoid softplus softsign erf selu "
                 "silu relu relu6 hard_sigmoid hard_silu tanh_shrink sparse_sigmoid sparse_plus hard_tanh elu celu gelu leaky_relu "
                 "hard_shrink soft_shrink squareplus round softmax log_softmax logsumexp normalize ravel ones_like zeros_like").split():
        if hasattr(ops, name):
            named[name] = lambda x, z, i, f=getattr(ops, name): f(x)
    for name in "sqrt rsqrt log log2 log10 log1p reciprocal".split():
        named[name] = lambda x, z, i, f=getattr(ops, name): f(x * x + 0.3)
    for name in "add subtract multiply maximum minimum equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor".split():
        named[name] = lambda x, z, i, f=getattr(ops, name): f(x, z)
    for name in "mean sum max min prod var std all any argmax argmin".split():
        f = getattr(ops, name)
        named[name] = lambda x, z, i, f=f: f(x, axis=-1)
        named[f"{name}_first"] = lambda x, z, i, f=f: f(x, axis=1, keepdims=True)
    for name in "mean sum max min prod var".split():
        named[f"{name}_both"] = lambda x, z, i, f=getattr(ops, name): f(x, axis=(1, 2))
    array = np.arange(24, dtype="float32").reshape(4, 6) / 10
    named.update({
        "scalar": lambda x, z, i: 3.0 - x * 2.0 + 1,
        "array": lambda x, z, i: x * array + array[0],
        "divide": lambda x, z, i: x / (z * z + 1.0),
        "floor_divide": lambda x, z, i: x // 0.3,
        "mod": lambda x, z, i: x % 0.3,
        "power": lambda x, z, i: x ** 2 + (x * x + 0.1) ** 1.5 + 2.0 ** z,
        "divide_no_nan": lambda x, z, i: ops.divide_no_nan(x, ops.relu(z)),
        "clip": lambda x, z, i: ops.clip(x, -0.5, 0.25),
        "cast": lambda x, z, i: ops.cast(ops.cast(x * 3, "int32"), "float32"),
        "cast_half": lambda x, z, i: ops.cast(x, "float16"),
        "where": lambda x, z, i: ops.where(x > 0.2, x, z),
        "where_scalar": lambda x, z, i: ops.where(x > 0.2, x, 0.0),
        "logical_not": lambda x, z, i: ops.logical_not(x > 0),
        "reshape": lambda x, z, i: ops.reshape(x, (-1, 3, 8)),
        "transpose": lambda x, z, i: ops.transpose(x, (0, 2, 1)),
        "swapaxes": lambda x, z, i: ops.swapaxes(x, 1, 2),
        "moveaxis": lambda x, z, i: ops.moveaxis(i, -1, 1),
        "expand_dims": lambda x, z, i: ops.expand_dims(x, 1) + ops.expand_dims(z, -3),
        "squeeze": lambda x, z, i: ops.squeeze(x[:, 1:2], 1),
        "concatenate": lambda x, z, i: ops.concatenate([x, z, x], axis=1),
        "stack": lambda x, z, i: ops.stack([x, z], axis=-1),
        "split": lambda x, z, i: ops.split(x, 3, axis=-1)[1],
        "split_at": lambda x, z, i: ops.split(x, [1, 4], axis=2)[1],
        "unstack": lambda x, z, i: ops.unstack(x, axis=1)[2],
        "tile": lambda x, z, i: ops.tile(x, (1, 2, 3)),
        "repeat": lambda x, z, i: ops.repeat(x, 2, axis=1),
        "flip": lambda x, z, i: ops.flip(x, axis=-1),
        "roll": lambda x, z, i: ops.roll(x, 2, axis=-1),
        "pad": lambda x, z, i: ops.pad(x, ((0, 0), (1, 2), (0, 1))),
        "pad_reflect": lambda x, z, i: ops.pad(x, ((0, 0), (1, 2), (0, 1)), mode="reflect"),
        "pad_symmetric": lambda x, z, i: ops.pad(x, ((0, 0), (1, 2), (0, 1)), mode="symmetric"),
        "broadcast_to": lambda x, z, i: ops.broadcast_to(ops.mean(x, axis=0, keepdims=True), (5, 4, 6)),
        "full_like": lambda x, z, i: ops.full_like(x, 2.5) * x,
        "getitem": lambda x, z, i: x[:, 1:3, ::2],
        "getitem_index": lambda x, z, i: x[:, -1],
        "getitem_new": lambda x, z, i: x[..., None, 2:],
        "getitem_back": lambda x, z, i: x[:, ::-1, 4:1:-2],
        "take": lambda x, z, i: ops.take(x, [0, -1, 2], axis=1),
        "take_tensor": lambda x, z, i: ops.take(x, ops.argmax(z[0], axis=-1), axis=2),
        "one_hot": lambda x, z, i: ops.one_hot(ops.argmax(x, axis=-1), 6),
        "cumsum": lambda x, z, i: ops.cumsum(x, axis=1),
        "cumprod": lambda x, z, i: ops.cumprod(x, axis=-1),
        "sort": lambda x, z, i: ops.sort(x, axis=1),
        "arg_sort": lambda x, z, i: ops.argsort(x),
        "top_k": lambda x, z, i: ops.top_k(x, 3)[0],
        "arg_top_k": lambda x, z, i: ops.top_k(x, 2)[1],
        "take_along_axis": lambda x, z, i: ops.take_along_axis(x, ops.argsort(z, axis=1), axis=1),
        "matmul": lambda x, z, i: ops.matmul(x, ops.transpose(z, (0, 2, 1))),
        "matmul_array": lambda x, z, i: x @ array.T,
        "dot": lambda x, z, i: ops.dot(x, array.T),
        "tensordot": lambda x, z, i: ops.tensordot(x, array, axes=[[1, 2], [0, 1]]),
        "einsum": lambda x, z, i: ops.einsum("bij,bkj->bik", x, z),
        "einsum_sum": lambda x, z, i: ops.einsum("bij,bij->b", x, z),
        "resize": lambda x, z, i: ops.image.resize(i, (9, 5)),
        "resize_nearest": lambda x, z, i: ops.image.resize(i, (12, 12), interpolation="nearest"),
        "max_pool": lambda x, z, i: ops.max_pool(i, 2, strides=1, padding="same"),
        "average_pool": lambda x, z, i: ops.average_pool(i, (2, 3)),
        "open": lambda x, z, i: ops.reshape(ops.mean(x, axis=-1), (-1, 2, 2)),
    })
    return named


def tf_operations(keras):
    import tensorflow as tf

    named = {}
    for name in ("negative abs square exp expm1 sin cos tan sign floor ceil tanh sigmoid log_sigmoid softplus erf erfc "
                 "reduce_logsumexp l2_normalize").split():
        named[name] = lambda x, z, i, f=getattr(tf.math, name): f(x)
    for name in "relu relu6 elu selu softsign swish gelu leaky_relu softmax log_softmax".split():
        named[f"nn_{name}"] = lambda x, z, i, f=getattr(tf.nn, name): f(x)
    for name in "sqrt rsqrt log log1p reciprocal".split():
        named[name] = lambda x, z, i, f=getattr(tf.math, name): f(x * x + 0.3)
    for name in ("add subtract multiply maximum minimum squared_difference equal not_equal less less_equal greater greater_equal").split():
        named[name] = lambda x, z, i, f=getattr(tf.math, name): f(x, z)
    for name in "reduce_mean reduce_sum reduce_max reduce_min reduce_prod reduce_variance reduce_std".split():
        f = getattr(tf.math, name)
        named[name] = lambda x, z, i, f=f: f(x, axis=-1)
        named[f"{name}_both"] = lambda x, z, i, f=f: f(x, axis=[1, 2], keepdims=True)
    array = np.arange(24, dtype="float32").reshape(4, 6) / 10
    named.update({
        "scalar": lambda x, z, i: 3.0 - x * 2.0 + 1,
        "array": lambda x, z, i: x * array + tf.constant(array[0]),
        "array_first": lambda x, z, i: tf.constant(array) - x,
        "divide": lambda x, z, i: x / (z * z + 1.0),
        "floordiv": lambda x, z, i: x // 0.3,
        "mod": lambda x, z, i: x % 0.3,
        "power": lambda x, z, i: x ** 2 + (x * x + 0.1) ** 1.5,
        "divide_no_nan": lambda x, z, i: tf.math.divide_no_nan(x, tf.nn.relu(z)),
        "add_n": lambda x, z, i: tf.add_n([x, z, x]),
        "bias_add": lambda x, z, i: tf.nn.bias_add(x, array[1]),
        "clip": lambda x, z, i: tf.clip_by_value(x, -0.5, 0.25),
        "cast": lambda x, z, i: tf.cast(tf.cast(x * 3, tf.int32), tf.float32),
        "where": lambda x, z, i: tf.where(x > 0.2, x, z),
        "where_scalar": lambda x, z, i: tf.where(x > 0.2, x, 0.0),
        "logical": lambda x, z, i: tf.logical_and(x > 0, tf.logical_not(z > 0)),
        "reshape": lambda x, z, i: tf.reshape(x, (-1, 3, 8)),
        "reshape_shape": lambda x, z, i: tf.reshape(x, (tf.shape(x)[0], tf.shape(x)[1] * tf.shape(x)[2])),
        "reshape_concat": lambda x, z, i: tf.reshape(x, tf.concat([tf.shape(x)[:1], [24]], 0)),
        "flatten": lambda x, z, i: tf.reshape(x, [tf.shape(x)[0], tf.reduce_prod(tf.shape(x)[1:])]),
        "transpose": lambda x, z, i: tf.transpose(x, (0, 2, 1)),
        "expand_dims": lambda x, z, i: tf.expand_dims(x, 1),
        "squeeze": lambda x, z, i: tf.squeeze(x[:, 1:2], 1),
        "concat": lambda x, z, i: tf.concat([x, z, x], axis=1),
        "stack": lambda x, z, i: tf.stack([x, z], axis=-1),
        "split": lambda x, z, i: tf.split(x, 3, axis=-1)[1],
        "split_sizes": lambda x, z, i: tf.split(x, [1, 3, 2], axis=2)[1],
        "unstack": lambda x, z, i: tf.unstack(x, axis=1)[2],
        "tile": lambda x, z, i: tf.tile(x, (1, 2, 3)),
        "repeat": lambda x, z, i: tf.repeat(x, 2, axis=1),
        "reverse": lambda x, z, i: tf.reverse(x, axis=[2]),
        "roll": lambda x, z, i: tf.roll(x, 2, axis=2),
        "pad": lambda x, z, i: tf.pad(x, ((0, 0), (1, 2), (0, 1))),
        "pad_reflect": lambda x, z, i: tf.pad(x, ((0, 0), (1, 2), (0, 1)), mode="REFLECT"),
        "pad_symmetric": lambda x, z, i: tf.pad(x, ((0, 0), (1, 2), (0, 1)), mode="SYMMETRIC"),
        "ones_like": lambda x, z, i: tf.ones_like(x) * x,
        "getitem": lambda x, z, i: x[:, 1:3, ::2],
        "getitem_index": lambda x, z, i: x[:, -1],
        "getitem_new": lambda x, z, i: x[..., tf.newaxis, 2:],
        "getitem_back": lambda x, z, i: x[:, ::-1],
        "getitem_half": lambda x, z, i: x[:, : tf.shape(x)[1] // 2],
        "slice": lambda x, z, i: tf.slice(x, [0, 1, 2], [-1, 2, 3]),
        "gather": lambda x, z, i: tf.gather(x, [0, 3, 2], axis=1),
        "one_hot": lambda x, z, i: tf.one_hot(tf.argmax(x, axis=-1), 6),
        "argmin": lambda x, z, i: tf.argmin(x, axis=1),
        "cumsum": lambda x, z, i: tf.cumsum(x, axis=1),
        "cumprod": lambda x, z, i: tf.math.cumprod(x, axis=1),
        "sort": lambda x, z, i: tf.sort(x, axis=1),
        "arg_sort": lambda x, z, i: tf.argsort(x, direction="DESCENDING"),
        "top_k": lambda x, z, i: tf.math.top_k(x, 3)[0],
        "matmul": lambda x, z, i: tf.matmul(x, z, transpose_b=True),
        "matmul_array": lambda x, z, i: x @ array.T,
        "tensordot": lambda x, z, i: tf.tensordot(x, array, axes=[[1, 2], [0, 1]]),
        "resize": lambda x, z, i: tf.image.resize(i, (9, 5)),
        "resize_nearest": lambda x, z, i: tf.image.resize(i, (12, 12), method="nearest"),
        "max_pool2d": lambda x, z, i: tf.nn.max_pool2d(i, 2, 1, "SAME"),
        "avg_pool2d": lambda x, z, i: tf.nn.avg_pool2d(i, (2, 3), (2, 3), "VALID"),
        "depth_to_space": lambda x, z, i: tf.nn.depth_to_space(tf.concat([i, i, i, i], -1), 2),
        "space_to_depth": lambda x, z, i: tf.nn.space_to_depth(i, 2),
        "scale_by_size": lambda x, z, i: x / tf.sqrt(tf.cast(tf.shape(x)[-1], tf.float32)),
        "backend_mean": lambda x, z, i: keras.backend.mean(x, axis=1),
    })
    return named


def single(keras, operation):
    x, z, i = (keras.Input(shape, name=name) for shape, name in (((4, 6), "x"), ((4, 6), "z"), ((6, 8, 3), "i")))
    return keras.Model([x, z, i], operation(x, z, i))


# What jumps: behind other layers the last bit of a number decides.
STEPS = ("greater", "less", "equal", "sign", "floor", "ceil", "round", "rint", "trunc", "mod", "arg", "one_hot")


def chain(keras, operations, chance):
    """Layers between operations: each result is brought back to (n, 4, 6) by a Dense layer."""
    x, z, i = (keras.Input(shape, name=name) for shape, name in (((4, 6), "x"), ((4, 6), "z"), ((6, 8, 3), "i")))
    a, b, c = x, z, i
    for name in chance.sample([name for name in sorted(operations) if not any(step in name for step in STEPS)], 6):
        y = operations[name](a, b, c)
        if len(y.shape) < 2 or y.shape[0] is not None or None in y.shape[1:]:
            continue
        if str(getattr(y.dtype, "name", y.dtype)) != "float32":
            continue
        flat = keras.layers.Flatten()(y)
        a, b = keras.layers.Reshape((4, 6))(keras.layers.Dense(24, activation="tanh")(flat)), a
    return keras.Model([x, z, i], keras.layers.Dense(3)(keras.layers.Flatten()(a)))


def inputs(model):
    random = np.random.default_rng(7)
    arrays = {}
    for start in model.inputs:
        arrays[start.name.split(":")[0]] = random.standard_normal([5] + list(start.shape[1:])).astype("float32")
    return arrays


def outputs(model, arrays):
    result = model(list(arrays.values()), training=False)
    return [np.array(y) for y in (result if isinstance(result, (list, tuple)) else [result])]


def problem(found, wanted):
    if len(found) != len(wanted):
        return f"{len(found)} outputs for {len(wanted)}"
    for a, b in zip(found, wanted):
        if a.shape != b.shape:
            return f"shape {a.shape}, in Keras {b.shape}"
        if b.dtype.kind in "bi" and a.dtype.kind not in "biu":
            return f"type {a.dtype}, in Keras {b.dtype}"
        if distance(a.astype("float64"), b.astype("float64")) > LIMIT:
            return f"differs by {distance(a.astype('float64'), b.astype('float64')):.1e}"
    return None


def check(keras, binary, name, model, folder, unloadable):
    """The problems of one model, one line each."""
    arrays = inputs(model)
    wanted = outputs(model, arrays)
    np.savez(folder / "in.npz", **arrays)
    problems = []
    for ending in (".keras", ".h5"):
        try:
            model.save(folder / f"m{ending}")
        except Exception:
            unloadable.append(f"{name}{ending} (nor write)")
            continue
        try:
            found = predict(binary, folder / f"m{ending}", folder / "in.npz", folder)
        except Refused as refusal:
            problems.append(f"{name}{ending}: {' '.join(str(refusal).split())[:300]}")
            continue
        text = problem(list(found.values()), wanted)
        if text:
            problems.append(f"{name}{ending}: {text}")
    if problems or not (folder / "m.keras").exists():
        return problems
    try:
        command(binary, "convert", folder / "m.keras", folder / "again.keras")
    except Refused as refusal:
        return [f"{name}: not written again: {' '.join(str(refusal).split())[:300]}"]
    try:
        again = outputs(keras.models.load_model(folder / "again.keras", compile=False), arrays)
    except Exception as failure:
        try:
            keras.models.load_model(folder / "m.keras", compile=False)
        except Exception:
            unloadable.append(name)
            return []
        return [f"{name}: what was written again does not load: {' '.join(str(failure).split())[:200]}"]
    text = problem(again, wanted)
    return [f"{name}: written again: {text}"] if text else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", choices=MODULES, required=True)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--chains", type=int, default=20)
    parser.add_argument("--seed", default="swift-keras")
    parser.add_argument("--only")
    options = parser.parse_args()
    keras = imported(options.keras)
    operations = (keras3_operations if options.keras == "keras3" else tf_operations)(keras)
    if options.only:
        operations = {name: operations[name] for name in options.only.split(",")}
    failed, unloadable, count = 0, [], 0

    def judge(name, make):
        nonlocal failed, count
        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as folder:
            found = check(keras, options.keras_binary, name, make(), Path(folder), unloadable)
        for line in found:
            print(line, flush=True)
        failed += bool(found)
        count += 1

    for name, operation in operations.items():
        judge(name, lambda: single(keras, operation))
    for number in range(0 if options.only else options.chains):
        drawn = random.Random(f"{options.seed}/{options.keras}/{number}")
        keras.utils.set_random_seed(drawn.randrange(2**32))
        judge(f"chain {number}", lambda: chain(keras, operations, drawn))
    if unloadable:
        print("Keras itself does not load:", ", ".join(unloadable))
    print(f"operations of {options.keras}: {count - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
