"""For every layer: which ranks it takes and how its arguments are drawn. One file, over 300 lines: a list.

A draw gets the source of chance and the input's shape without the batch axis (an unknown size is None) and returns the
keyword arguments, or raises `Unfit`.
"""

from math import prod

import numpy as np

from chance import Unfit, split, window


def dense(c, shape):
    return {"units": c.randint(1, 6), "use_bias": c.yes(0.8), **c.maybe_activation()}


def conv(c, shape):
    format = c.data_format()
    sizes, channels = split(shape, format)
    causal = ["causal"] if len(sizes) == 1 and format == "channels_last" else []
    padding = c.choice(["same", "valid", "valid", *causal])
    kernel, strides, dilation = window(c, sizes, padding)
    groups = c.choice([g for g in range(1, channels + 1) if channels % g == 0]) if c.yes(0.4) else 1
    return {"filters": groups * c.randint(1, 3), "kernel_size": c.per_axis(kernel), "strides": c.per_axis(strides),
            "dilation_rate": c.per_axis(dilation), "padding": padding, "groups": groups, "data_format": format,
            "use_bias": c.yes(0.8), **c.maybe_activation()}


def depthwise(c, shape):
    """TensorFlow's depthwise kernel wants equal strides, or dilation and no strides."""
    format = c.data_format()
    sizes, _ = split(shape, format)
    padding = c.choice(["same", "valid"])
    kernel, strides, dilation = window(c, sizes, padding)
    strides = [strides[0]] * len(sizes)
    return {"kernel_size": c.per_axis(kernel), "strides": c.per_axis(strides), "dilation_rate": c.per_axis(dilation),
            "padding": padding, "depth_multiplier": c.randint(1, 3), "data_format": format, "use_bias": c.yes(0.8),
            **c.maybe_activation()}


def separable(c, shape):
    return {"filters": c.randint(1, 5), **depthwise(c, shape)}


def conv_transpose(c, shape):
    format = c.data_format()
    sizes, _ = split(shape, format)
    kernel, strides, dilation = window(c, sizes, "same")
    arguments = {"filters": c.randint(1, 4), "kernel_size": c.per_axis(kernel), "strides": c.per_axis(strides),
                 "dilation_rate": c.per_axis(dilation), "padding": c.choice(["same", "valid"]), "data_format": format,
                 "use_bias": c.yes(0.8), **c.maybe_activation()}
    if min(strides) > 1 and c.yes():
        arguments["output_padding"] = c.per_axis([c.randint(0, s - 1) for s in strides])
    return arguments


def pool(c, shape):
    format = c.data_format()
    sizes, _ = split(shape, format)
    kernel, strides, _ = window(c, sizes, "valid")
    arguments = {"pool_size": c.per_axis(kernel), "padding": c.choice(["same", "valid"]), "data_format": format}
    if c.yes():
        arguments["strides"] = c.per_axis(strides)
    return arguments


def global_pool(c, shape):
    return {"keepdims": c.yes(), "data_format": c.data_format()}


def batch_norm(c, shape):
    axis = c.axis(shape)
    if not c.is_keras3 and len(shape) > 1 and c.yes(0.2):
        axis = c.axes(shape)
    renorm = {"renorm": True, "renorm_clipping": c.choice([None, {"rmin": 0.5, "rmax": 2.0, "dmax": 1.0}])} if c.is_keras3 and c.yes(0.1) else {}
    return {"axis": axis, "center": c.yes(0.8), "scale": c.yes(0.8), "epsilon": c.choice([1e-3, 1e-2]), **renorm}


def layer_norm(c, shape):
    axis = c.axes(shape) if c.yes(0.4) else c.axis(shape)
    return {"axis": axis, "center": c.yes(0.8), "scale": c.yes(0.8), "epsilon": c.choice([1e-3, 1e-2])}


def group_norm(c, shape):
    axis = c.axis(shape)
    size = shape[axis - 1 if axis > 0 else axis]
    return {"groups": c.choice([-1, *(g for g in range(1, size + 1) if size % g == 0)]), "axis": axis, "center": c.yes(0.8), "scale": c.yes(0.8),
            "epsilon": c.choice([1e-3, 1e-2])}


def rms_norm(c, shape):
    return {"axis": c.axis(shape), "epsilon": c.choice([1e-6, 1e-2])}


def unit_norm(c, shape):
    return {"axis": c.axes(shape) if c.yes(0.4) else c.axis(shape)}


def spectral_norm(c, shape):
    layers = c.keras.layers
    held = layers.Conv2D(**conv(c, shape)) if len(shape) == 3 and c.yes() else layers.Dense(**dense(c, shape))
    return {"layer": held, "power_iterations": c.randint(1, 3)}


def activation(c, shape):
    return {"activation": c.activation()}


def relu(c, shape):
    return {"max_value": c.choice([None, c.real(0.5, 2)]), "negative_slope": c.choice([0.0, c.real(0, 0.5)]),
            "threshold": c.choice([0.0, c.real(0, 0.5)])}


def leaky_relu(c, shape):
    return {"negative_slope" if c.is_keras3 else "alpha": c.real(0.05, 0.5)}


def prelu(c, shape):
    unknown = [i + 1 for i, size in enumerate(shape) if not size]
    shared = [i for i in range(1, len(shape) + 1) if i in unknown or c.yes(0.3)]
    return {"shared_axes": shared} if shared else {}


def elu(c, shape):
    return {"alpha": c.real(0.3, 2)}


def thresholded_relu(c, shape):
    return {"theta": c.real(0.05, 0.4)}


def softmax(c, shape):
    return {"axis": c.axes(shape) if c.yes(0.3) else c.axis(shape)}


def rate(c, shape):
    return {"rate": c.real(0.1, 0.6)}


def spatial_dropout(c, shape):
    return {"rate": c.real(0.1, 0.6), **({"data_format": c.data_format()} if len(shape) > 2 else {})}


def noise(c, shape):
    return {"stddev": c.real(0.1, 1)}


def flatten(c, shape):
    return {"data_format": c.data_format()}


def reshape(c, shape):
    if None in shape:
        raise Unfit
    left, target = prod(shape), []
    while left > 1 and len(target) < 3:
        factor = c.choice([f for f in range(1, left + 1) if left % f == 0])
        target.append(factor)
        left //= factor
    target.append(left)
    if c.yes():
        target[c.randrange(len(target))] = -1
    return {"target_shape": tuple(target)}


def permute(c, shape):
    return {"dims": tuple(c.sample(range(1, len(shape) + 1), len(shape)))}


def repeat(c, shape):
    return {"n": c.randint(2, 4)}


def sides(c, rank, limits):
    """Padding or cropping: one number, one for each axis, or one for each side of each axis."""
    pairs = [(c.randint(0, limit // 2), c.randint(0, limit // 2)) for limit in limits]
    if rank == 1:
        return c.choice([pairs[0][0], pairs[0]])
    return c.choice([min(p[0] for p in pairs), tuple(p[0] for p in pairs), tuple(pairs)])


def zero_padding(c, shape):
    rank = len(shape) - 1
    format = {"data_format": c.data_format()} if rank > 1 else {}
    return {"padding": sides(c, rank, [4] * rank), **format}


def cropping(c, shape):
    rank = len(shape) - 1
    format = {"data_format": c.data_format()} if rank > 1 else {}
    sizes, _ = split(shape, format.get("data_format"))
    return {"cropping": sides(c, rank, [min(4, (size or 5) - 1) for size in sizes]), **format}


def up_sampling(c, shape):
    rank = len(shape) - 1
    factors = [c.randint(1, 3) for _ in range(rank)]
    if rank == 1:
        return {"size": factors[0]}
    arguments = {"size": c.per_axis(factors), "data_format": c.data_format()}
    if rank == 2:
        arguments["interpolation"] = c.choice(["nearest", *interpolations(c)])
    return arguments


def interpolations(c):
    """But for "nearest"."""
    return ["bilinear", "bicubic", "lanczos3", "lanczos5", *([] if c.is_keras3 else ["area", "gaussian", "mitchellcubic"])]


def rescaling(c, shape):
    if shape[-1] and c.yes(0.3):
        channels = range(shape[-1])
        return {"scale": [c.real(0.5, 2) for _ in channels], "offset": [c.real(-1, 1) for _ in channels]}
    return {"scale": c.choice([1 / 127.5, 0.5, 2.0]), "offset": c.choice([0.0, -1.0, 0.25])}


def normalization(c, shape):
    """Mean and variance are given, or left for `adapt` to find."""
    axis = c.choice([None, c.axis(shape), tuple(c.axes(shape))])
    arguments = {"axis": axis}
    if c.yes(0.3):
        arguments["invert"] = True
    if c.yes():
        listed = [] if axis is None else [axis] if isinstance(axis, int) else axis
        kept = sorted(a - 1 if a > 0 else a + len(shape) for a in listed)
        count = prod(shape[a] for a in kept)
        for name, low in (("mean", -1), ("variance", 0.3)):
            values = np.array([c.real(low, 2) for _ in range(count)], "float32")
            arguments[name] = values.reshape([shape[a] for a in kept]) if kept else float(values[0])
    return arguments


def gentle(c):
    """A function that steps after steps do not blow up."""
    return c.choice(["tanh", "sigmoid", "softsign", "relu", "hard_sigmoid", "linear", "elu", "softmax"])


def cell(c, gates):
    arguments = {"units": c.randint(1, 5), "use_bias": c.yes(0.8), "dropout": c.choice([0.0, 0.0, 0.3]),
                 "recurrent_dropout": c.choice([0.0, 0.0, 0.2])}
    if c.yes(0.4):
        arguments["activation"] = gentle(c)
    if gates:
        arguments["implementation"] = c.choice([1, 2])
        if c.yes(0.4):
            arguments["recurrent_activation"] = c.choice(["sigmoid", "hard_sigmoid", "tanh", "softsign"])
    return arguments


def steps(c, shape):
    return {"return_sequences": c.yes(0.6), "go_backwards": c.yes(0.3), "unroll": bool(shape[0] and shape[0] < 8 and c.yes(0.2))}


def simple_rnn(c, shape):
    return {**cell(c, False), **steps(c, shape)}


def lstm(c, shape):
    return {**cell(c, True), **steps(c, shape), "unit_forget_bias": c.yes()}


def gru(c, shape):
    return {**cell(c, True), **steps(c, shape), "reset_after": c.yes()}


def any_cell(c):
    L = c.keras.layers
    kind = c.choice(["SimpleRNNCell", "LSTMCell", "GRUCell"])
    more = {"reset_after": c.yes()} if kind == "GRUCell" else {}
    return getattr(L, kind)(**cell(c, kind != "SimpleRNNCell"), **more)


def rnn(c, shape):
    cells = [any_cell(c) for _ in range(c.randint(1, 3))]
    if len(cells) > 1:
        return {"cell": c.keras.layers.StackedRNNCells(cells) if c.yes() else cells, **steps(c, shape)}
    return {"cell": cells[0], **steps(c, shape)}


def conv_lstm(c, shape):
    format = c.data_format()
    sizes, _ = split(shape[1:], format)
    if None in sizes or prod(sizes) * (shape[0] or 5) > 400:
        raise Unfit
    padding = c.choice(["same", "valid"])
    kernel, strides, dilation = window(c, sizes, padding, 3)
    return {"filters": c.randint(1, 3), "kernel_size": c.per_axis(kernel), "strides": c.per_axis(strides),
            "dilation_rate": c.per_axis(dilation), "padding": padding, "data_format": format, "use_bias": c.yes(0.8),
            "return_sequences": c.yes(0.6), "go_backwards": c.yes(0.3), "unit_forget_bias": c.yes(),
            **({"activation": gentle(c), "recurrent_activation": c.choice(["sigmoid", "hard_sigmoid"])} if c.yes(0.4) else {})}


def bidirectional(c, shape):
    L = c.keras.layers
    kind, draw = c.choice([("SimpleRNN", simple_rnn), ("LSTM", lstm), ("GRU", gru), ("RNN", rnn)])
    arguments = {**draw(c, shape), "go_backwards": False}
    mode = c.choice(["concat", "sum", "mul", "ave"])
    inner = getattr(L, kind)(**arguments)
    if kind != "RNN" and c.yes(0.3):
        other = {**draw(c, shape), "units": arguments["units"], "return_sequences": arguments["return_sequences"], "go_backwards": True}
        return {"layer": inner, "backward_layer": getattr(L, kind)(**other), "merge_mode": mode}
    return {"layer": inner, "merge_mode": mode}


def time_distributed(c, shape):
    """Any of a few layers, or a small model, on each step."""
    L, step = c.keras.layers, shape[1:]
    if step[-1] is None:
        raise Unfit
    kinds = ["Dense", "Dense", "Activation", "LayerNormalization", "BatchNormalization", "Dropout", "Flatten", "Model"]
    if len(step) == 2:
        kinds += ["LSTM", "GRU", "Conv1D", "MaxPooling1D", "GlobalAveragePooling1D"]
    if len(step) == 3:
        kinds += ["Conv2D", "MaxPooling2D", "GlobalMaxPooling2D"]
    kind = c.choice(kinds)
    if None in step and kind in ("Flatten", "Model"):
        raise Unfit
    if kind == "Model":
        return {"layer": c.keras.Sequential([c.keras.Input(step), L.Dense(c.randint(1, 4), activation="tanh"), L.Dense(c.randint(1, 3))])}
    draws = {"LSTM": lstm, "GRU": gru}
    draw = draws.get(kind) or {**WEIGHTED, **WEIGHTLESS}[kind][1]
    return {"layer": getattr(L, kind)(**draw(c, step))}


def locally_connected(c, shape):
    format = c.data_format()
    sizes, _ = split(shape, format)
    kernel, strides, _ = window(c, sizes, "valid")
    implementation = c.choice([1, 2, 3])
    padding = c.choice(["same", "valid"]) if implementation > 1 else "valid"
    return {"filters": c.randint(1, 3), "kernel_size": c.per_axis(kernel), "strides": c.per_axis(strides), "data_format": format,
            "implementation": implementation, "padding": padding, "use_bias": c.yes(0.8), **c.maybe_activation()}


def adaptive_pool(c, shape):
    format = c.data_format()
    sizes, _ = split(shape, format)
    # TensorFlow dies of a window that is longer than the image, which Keras 3 tries for a single place.
    if None in sizes or min(sizes) < 2:
        raise Unfit
    return {"output_size": c.per_axis([c.randint(2, size) for size in sizes]), "data_format": format}


def resizing(c, shape):
    arguments = {"height": c.randint(2, 9), "width": c.randint(2, 9), "crop_to_aspect_ratio": c.yes(0.3),
                 "interpolation": c.choice(["nearest", *interpolations(c)])}
    if c.is_keras3:
        arguments["data_format"] = c.data_format()
        arguments["fill_value"] = c.choice([0.0, 0.5])
        arguments["antialias"] = c.yes(0.3) and arguments["interpolation"] != "nearest"
        arguments["pad_to_aspect_ratio"] = not arguments["crop_to_aspect_ratio"] and c.yes(0.3)
    return arguments


def center_crop(c, shape):
    return {"height": c.randint(1, 6), "width": c.randint(1, 6), **({"data_format": c.data_format()} if c.is_keras3 else {})}


def nothing(c, shape):
    return {}


def penalty(c, shape):
    return {"l1": c.real(0, 0.1), "l2": c.real(0, 0.1)}


# What changes images at random, in training alone: with the settings that it must have, and some that it may.

def factor(**more):
    """A factor, and settings by name: what each is drawn from."""
    return lambda c, shape: {"factor": c.choice([0.2, (0.1, 0.3)]), **{key: c.choice(values) for key, values in more.items() if c.yes()}}


def moving(*needed):
    """Settings of what moves the places of an image."""
    def draw(c, shape):
        arguments = {key: c.choice([0.2, (-0.1, 0.3)]) for key in needed}
        if c.yes():
            arguments.update(fill_mode=c.choice(["reflect", "wrap", "constant", "nearest"]), interpolation=c.choice(["nearest", "bilinear"]),
                             fill_value=c.real(0, 1))
        return arguments
    return draw


def flip(c, shape):
    return {"mode": c.choice(["horizontal", "vertical", "horizontal_and_vertical"])}


def random_crop(c, shape):
    """Keras 3 predicts with images as they are, and says they were cropped."""
    height, width, _ = shape
    if c.is_keras3 and None not in shape:
        return {"height": height, "width": width}
    if c.is_keras3:
        raise Unfit
    return {"height": c.randint(2, 8), "width": c.randint(2, 8)}


RANGE = {"value_range": [(0, 1), (-1, 1)]}
AUGMENTATIONS = {
    "RandomFlip": flip, "RandomRotation": moving("factor"), "RandomTranslation": moving("height_factor", "width_factor"),
    "RandomZoom": moving("height_factor", "width_factor"), "RandomShear": lambda c, shape: {"x_factor": c.real(0, 0.5)}, "RandomCrop": random_crop,
    "RandomBrightness": factor(**RANGE), "RandomContrast": factor(), "RandomHeight": factor(interpolation=["nearest", "bilinear"]),
    "RandomWidth": factor(interpolation=["nearest", "bilinear"]), "RandomColorDegeneration": factor(**RANGE), "RandomHue": factor(**RANGE),
    "RandomSaturation": factor(**RANGE), "RandomSharpness": factor(**RANGE), "RandomPosterization": lambda c, shape: {"factor": c.randint(1, 8)},
    "RandomGrayscale": lambda c, shape: {"factor": c.real(0, 1)}, "RandomInvert": factor(**RANGE), "RandomErasing": factor(scale=[(0.1, 0.2)]),
    "RandomGaussianBlur": factor(kernel_size=[3, 5]), "RandomElasticTransform": factor(scale=[0.5]), "RandomPerspective": factor(scale=[0.5]),
    "RandomColorJitter": lambda c, shape: {"brightness_factor": c.real(0.1, 0.5)}, "RandAugment": factor(num_ops=[1, 3]),
    "AugMix": factor(num_chains=[2]), "MixUp": lambda c, shape: {"alpha": c.real(0.1, 1)}, "CutMix": factor(),
    "Equalization": lambda c, shape: {"value_range": (0, 1)}, "Solarization": lambda c, shape: {"threshold_factor": c.real(0, 0.5)},
    "MaxNumBoundingBoxes": lambda c, shape: {"max_number": c.randint(1, 9)},
}


def einsum_dense(c, shape):
    """Equations for tensors of this rank; the lengths that an ellipsis stands for are not told."""
    letters = "bcde"[:len(shape)]
    if shape[-1] is None:
        raise Unfit
    width, other = c.randint(1, 5), c.randint(1, 3)
    last, kept = letters[-1], letters[:-1]
    open_lengths = (None,) * len(kept)
    choices = [(f"...{last},{last}z->...z", (width,), "z"), (f"a{letters},{last}z->a{kept}z", (*open_lengths, width), "z"),
               (f"a{letters},{last}yz->a{kept}yz", (*open_lengths, other, width), c.choice(["z", "yz"])),
               (f"a{letters},{last}yz->a{kept}zy", (*open_lengths, other, width), "zy")]
    if len(shape) > 1 and None not in shape:
        choices += [(f"a{letters},{letters[0]}z->az{letters[1:]}", (width, *shape[1:]), "z"),
                    (f"a{letters},{letters}z->az", (width,), "z"), (f"a{letters},{letters[0]}{last}z->a{kept}z", (*shape[:-1], width), "z")]
    equation, sizes, axes = c.choice(choices)
    return {"equation": equation, "output_shape": sizes, "bias_axes": axes if c.yes(0.7) else None, **c.maybe_activation()}


def attention(c, kind):
    arguments = {"use_scale": c.yes(), "dropout": c.choice([0.0, 0.3])}
    if kind == "Attention":
        arguments["score_mode"] = c.choice(["dot", "concat"])
    return arguments


def heads(c, kind):
    arguments = {"dropout": c.choice([0.0, 0.0, 0.3]), "use_bias": c.yes(0.7)}
    if c.is_keras3:
        if c.yes(0.2):
            arguments["use_gate"] = True
        if c.yes(0.2):
            arguments["sliding_window"] = c.randint(1, 4)
    if kind == "GroupQueryAttention":
        pairs = c.randint(1, 2)
        return {"head_dim": c.randint(1, 4), "num_key_value_heads": pairs, "num_query_heads": pairs * c.randint(1, 3), **arguments}
    if c.yes(0.4):
        arguments["value_dim"] = c.randint(1, 4)
    if c.yes(0.3):
        arguments["output_shape"] = c.choice([c.randint(1, 5), (2, c.randint(1, 3))])
    return {"num_heads": c.randint(1, 3), "key_dim": c.randint(1, 4), **arguments}


def by_rank(name, draw, ranks=(1, 2, 3)):
    """A layer that exists once for each number of spatial axes."""
    return {f"{name.replace('#', str(n))}": ((n + 1,), draw) for n in ranks}


EVERY = (1, 2, 3, 4)
WEIGHTED = {
    "Dense": (EVERY, dense), **by_rank("Conv#D", conv), **by_rank("DepthwiseConv#D", depthwise, (1, 2)),
    **by_rank("SeparableConv#D", separable, (1, 2)), **by_rank("Conv#DTranspose", conv_transpose),
    **by_rank("LocallyConnected#D", locally_connected, (1, 2)),
    "BatchNormalization": (EVERY, batch_norm), "LayerNormalization": (EVERY, layer_norm), "GroupNormalization": (EVERY, group_norm),
    "RMSNormalization": (EVERY, rms_norm), "SpectralNormalization": (EVERY, spectral_norm), "PReLU": (EVERY, prelu),
    "EinsumDense": (EVERY, einsum_dense), "SimpleRNN": ((2,), simple_rnn), "LSTM": ((2,), lstm), "GRU": ((2,), gru), "RNN": ((2,), rnn),
    "Bidirectional": ((2,), bidirectional), "TimeDistributed": ((2, 3, 4), time_distributed),
    **{f"ConvLSTM{n}D": ((n + 2,), conv_lstm) for n in (1, 2)},
}
WEIGHTLESS = {
    **by_rank("MaxPooling#D", pool), **by_rank("AveragePooling#D", pool), **by_rank("GlobalMaxPooling#D", global_pool),
    **by_rank("GlobalAveragePooling#D", global_pool), "Activation": (EVERY, activation), "ReLU": (EVERY, relu),
    "LeakyReLU": (EVERY, leaky_relu), "ELU": (EVERY, elu), "ThresholdedReLU": (EVERY, thresholded_relu),
    "Softmax": (EVERY, softmax), "Dropout": (EVERY, rate), **by_rank("SpatialDropout#D", spatial_dropout),
    "GaussianNoise": (EVERY, noise), "GaussianDropout": (EVERY, rate), "AlphaDropout": (EVERY, rate),
    "Flatten": (EVERY, flatten), "Reshape": (EVERY, reshape), "Permute": ((2, 3, 4), permute),
    "RepeatVector": ((1,), repeat), **by_rank("ZeroPadding#D", zero_padding), **by_rank("Cropping#D", cropping),
    **by_rank("AdaptiveMaxPooling#D", adaptive_pool), **by_rank("AdaptiveAveragePooling#D", adaptive_pool),
    "Resizing": ((3,), resizing), "CenterCrop": ((3,), center_crop), "Identity": (EVERY, nothing),
    "AutoContrast": ((3,), nothing), **{name: ((3,), draw) for name, draw in AUGMENTATIONS.items()}, "ActivityRegularization": (EVERY, penalty),
    **by_rank("UpSampling#D", up_sampling), "Rescaling": (EVERY, rescaling), "Normalization": (EVERY, normalization),
    "UnitNormalization": (EVERY, unit_norm),
}
SHAPE_KEEPING = ("Activation", "BatchNormalization", "LayerNormalization", "ReLU", "LeakyReLU", "PReLU", "ELU",
                 "Dropout", "Softmax", "Rescaling", "GaussianNoise")
