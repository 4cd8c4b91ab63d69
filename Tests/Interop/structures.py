"""Draws whole models: Sequential, or Functional with branches, merges, shared layers and nested models."""

from collections import Counter
from dataclasses import dataclass, field
from math import prod

import numpy as np

from chance import Unfit
from layer_draws import SHAPE_KEEPING, WEIGHTED, WEIGHTLESS, attention, heads

LARGEST_TENSOR = 3000
DRAWS = {**WEIGHTED, **WEIGHTLESS}


@dataclass
class Tally:
    """What one run of the generator has met."""

    used: Counter = field(default_factory=Counter)  # kinds drawn, so that rare ones get their turn
    refused: Counter = field(default_factory=Counter)  # layers Keras would not take as they were drawn
    again: Counter = field(default_factory=Counter)  # why whole models were drawn again
    misread: Counter = field(default_factory=Counter)  # files Keras itself does not read back as they were


def shape_of(x):
    """The shape without the batch axis."""
    return tuple(x.shape)[1:]


def maker(x):
    """The layer a symbolic tensor comes out of."""
    history = x._keras_history
    return history.operation if hasattr(history, "operation") else history.layer


class Builder:
    """Builds one model."""

    def __init__(self, chance, tally):
        self.c, self.keras, self.layers = chance, chance.keras, chance.keras.layers
        self.tally = tally
        self.names = 0

    # Layers

    def name(self):
        self.names += 1
        word = self.c.choice(["block", "conv", "Stage", "x", "layer"])
        return {"name": f"{word}_{self.names}"} if self.c.yes(0.3) else {}

    def layer(self, kind, shape):
        """One layer of a kind, drawn for a shape."""
        layer = getattr(self.layers, kind)(**DRAWS[kind][1](self.c, shape), **self.name())
        if kind == "Normalization" and layer.input_mean is None:
            if None in shape:
                raise Unfit
            layer.adapt(np.random.RandomState(self.c.randrange(1000)).randn(16, *shape).astype("float32"))
        return layer

    def any_layer(self, shape):
        """Of three kinds that suit the shape, the one used least."""
        group = WEIGHTED if self.c.yes(0.4) else WEIGHTLESS
        kinds = [kind for kind in sorted(group) if len(shape) in group[kind][0] and hasattr(self.layers, kind)]
        if not kinds:
            raise Unfit
        kind = min(self.c.sample(kinds, min(3, len(kinds))), key=lambda k: self.tally.used[k])
        layer = self.layer(kind, shape)
        self.tally.used[kind] += 1
        return layer

    def attempt(self, x, draw):
        """Calls what `draw` returns on x, drawing again while it does not fit; x may be such that nothing ever does."""
        for _ in range(100):
            try:
                layer = draw(shape_of(x))
                y = layer(x)
            except Unfit:
                continue
            except (ValueError, TypeError) as problem:
                self.tally.refused[f"{type(problem).__name__}: {str(problem).splitlines()[0][:90]}"] += 1
                continue
            sizes = [1 if size is None else size for size in shape_of(y)]
            if 0 < prod(sizes) <= LARGEST_TENSOR:
                return layer, y
        raise ValueError(f"nothing fits {shape_of(x)}")

    def step(self, x, depth=0):
        """One more layer, or now and then a nested model."""
        if depth == 0 and None not in shape_of(x) and self.c.yes(0.1):
            nested = self.nested(shape_of(x))
            return nested, nested(x)
        return self.attempt(x, self.any_layer)

    def chain(self, x, length, depth=0):
        for _ in range(length):
            x = self.step(x, depth)[1]
        return x

    def same_shape(self, x):
        """Something else of x's shape."""
        def draw(shape):
            if shape[-1] and self.c.yes(0.4):
                return self.layers.Dense(shape[-1], **self.c.maybe_activation())
            return self.layer(self.c.choice(SHAPE_KEEPING), shape)
        return self.attempt(x, draw)[1]

    # Joints

    def merge(self, x):
        """x joined with one or two tensors made from it."""
        joints = [self.elementwise, self.concatenate, self.dot]
        attention = [self.attention] * 3 if len(x.shape) == 3 else [self.attention_along_axes] * 2 if len(x.shape) > 3 else []
        return self.c.choice(joints + attention)(x)

    def elementwise(self, x):
        kind = self.c.choice(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
        others = [self.same_shape(x) for _ in range(1 if kind == "Subtract" else self.c.randint(1, 2))]
        if len(x.shape) > 2 and self.c.yes(0.2):
            rank = len(x.shape) - 2
            others[0] = getattr(self.layers, f"GlobalAveragePooling{rank}D")(keepdims=True)(x)
        return getattr(self.layers, kind)(**self.name())([x, *others])

    def concatenate(self, x):
        parts = [x] + [self.same_shape(x) for _ in range(self.c.randint(1, 2))]
        return self.layers.Concatenate(axis=self.c.axis(shape_of(x)), **self.name())(parts)

    def dot(self, x):
        if len(x.shape) > 3 or None in shape_of(x):
            raise Unfit
        y, axes = self.same_shape(x), self.c.choice(range(1, len(x.shape)))
        if len(x.shape) == 3 and self.c.yes():
            y, axes = self.layers.Permute((2, 1))(y), (axes, 3 - axes)
        return self.layers.Dot(axes=axes, normalize=self.c.yes(), **self.name())([x, y])

    def attention(self, x):
        """x asks something else of its shape, with and without masks; what comes is joined with x, or its scores are."""
        c, L = self.c, self.layers
        steps, width = shape_of(x)
        if None in (steps, width) or steps * steps * width > LARGEST_TENSOR:
            raise Unfit
        query = L.Masking(round(c.real(-1, 1), 1))(x) if c.yes(0.3) else x
        value = L.Masking()(L.ReLU()(self.same_shape(x))) if c.yes(0.3) else self.same_shape(x)
        flags = {"use_causal_mask": True} if c.yes(0.4) else {}
        scores = {"return_attention_scores": True} if c.yes(0.3) else {}
        kind = c.choice(["Attention", "AdditiveAttention", "MultiHeadAttention", "MultiHeadAttention"]
                        + (["GroupQueryAttention"] if c.is_keras3 else []))
        self.tally.used[kind] += 1
        if "Head" in kind or "Group" in kind:
            tensors = [query, value]
            if c.yes(0.3):
                flags["key"] = self.same_shape(x)
            if c.is_keras3 and c.yes(0.3):
                flags["attention_mask"] = L.Activation("relu")(L.Dense(steps, use_bias=False)(value))
            if c.yes():
                flags["value"] = tensors.pop()
            y = getattr(L, kind)(**heads(c, kind), **self.name())(*tensors, **flags, **scores)
        else:
            others = [self.same_shape(x)] if c.yes(0.3) else []
            y = getattr(L, kind)(**attention(c, kind), **self.name())([query, value, *others], **flags, **scores)
        if scores:
            y, shares = y
            return L.Flatten()(shares) if c.yes() else y
        # Where Keras 3 hands a mask to a layer of one tensor, it writes into the file how the mask is made.
        if c.is_keras3:
            return L.Conv1D(width, 1)(y)
        return L.Add()([x, y]) if shape_of(y) == shape_of(x) else y

    def attention_along_axes(self, x):
        """Places of images and volumes ask each other, along some of the axes or all."""
        *sizes, width = shape_of(x)
        if None in (*sizes, width) or prod(sizes) ** 2 > 4 * LARGEST_TENSOR:
            raise Unfit
        axes = self.c.choice([None, *(tuple(sorted(self.c.sample(range(1, len(x.shape) - 1), n))) for n in range(1, len(sizes) + 1))])
        self.tally.used["MultiHeadAttention"] += 1
        drawn = heads(self.c, "MultiHeadAttention")
        drawn.pop("sliding_window", None)
        if len(x.shape) == 5:
            drawn.pop("output_shape", None)
        return self.layers.MultiHeadAttention(**drawn, attention_axes=axes, **self.name())(x, self.same_shape(x))

    def shared(self, x):
        """One layer, or one nested model, called on two tensors; the two results are joined."""
        y = self.same_shape(x)
        layer, first = self.step(x)
        pair = [first, layer(y)]
        return self.layers.Add()(pair) if self.c.yes() else self.layers.Concatenate()(pair)

    def nested(self, shape):
        """A model to be used as a layer."""
        start = self.layers.Input(shape)
        if self.c.yes():
            return self.sequential_from(start, [], self.c.randint(1, 3), depth=1, **self.name())
        x = self.chain(start, self.c.randint(1, 2), depth=1)
        return self.keras.Model(start, self.elementwise(x), **self.name())

    # Models

    def sequential_from(self, start, layers, length, depth=0, **name):
        """A chain as a Sequential, with or without an Input of its own."""
        x = layers[0](start) if layers else start
        for _ in range(length):
            layer, x = self.step(x, depth)
            layers.append(layer)
        shape, dtype = shape_of(start), getattr(start.dtype, "name", start.dtype)
        if depth == 0 and dtype == "float32" and self.c.yes(0.3):
            model = self.keras.Sequential(layers, **name)
            model.build((None, *shape))
            return model
        return self.keras.Sequential([self.layers.Input(shape, dtype=dtype), *layers], **name)

    def input(self):
        """An input of a drawn kind and what must come first: ids with an Embedding, or numbers, perhaps of any size."""
        c = self.c
        kind = c.choice(["ids", "vector", "sequence", "sequence", "image", "image", "image", "volume", "volume",
                         "any image", "any sequence"])
        if kind == "ids":
            start = self.layers.Input((c.randint(3, 8),), dtype=c.choice(["int32", "float32"]), **self.name())
            return start, [self.layers.Embedding(c.randint(5, 20), c.randint(2, 6), **self.name())]
        if kind.startswith("any"):
            shape = (None,) * (2 if kind == "any image" else 1) + (c.randint(1, 4),)
        else:
            rank = {"vector": 0, "sequence": 1, "image": 2, "volume": 3}[kind]
            shape = tuple(c.randint(3, 6 if rank == 3 else 12) for _ in range(rank)) + (c.randint(1, 6),)
        start = self.layers.Input(shape, **self.name())
        return start, []

    def outputs(self, starts, tensors):
        """At most three outputs, each out of a layer of its own, since outputs are told apart by their layer's name."""
        taken, kept = {id(maker(x)) for x in starts}, []
        for x in tensors[-3:]:
            if id(maker(x)) in taken or self.c.yes(0.2):
                x = self.layers.Dense(self.c.randint(1, 4), **self.c.maybe_activation(), **self.name())(x)
            taken.add(id(maker(x)))
            kept.append(x)
        return kept

    def functional(self):
        starts, firsts = zip(*[self.input() for _ in range(self.c.choice([1, 1, 1, 2, 3]))])
        tensors = [self.chain(first[0](x) if first else x, self.c.randint(1, 3)) for x, first in zip(starts, firsts)]
        for _ in range(self.c.randint(1, 4)):
            place = self.c.randrange(len(tensors))
            move = self.c.choice([self.merge, self.merge, self.shared, lambda x: self.step(x)[1], None])
            try:
                if move:
                    tensors[place] = move(tensors[place])
                elif len(tensors) < 4:
                    tensors.append(self.step(tensors[place])[1])
            except Unfit:
                continue
        outputs = self.outputs(starts, tensors)
        return self.keras.Model(self.whole_or_list(starts), self.whole_or_list(outputs), **self.name())

    def whole_or_list(self, tensors):
        """One tensor by itself or in a list, several in a list."""
        return tensors[0] if len(tensors) == 1 and self.c.yes() else list(tensors)

    def sequential(self):
        return self.sequential_from(*self.input(), self.c.randint(1, 6), **self.name())

    def model(self):
        return self.sequential() if self.c.yes(0.4) else self.functional()
