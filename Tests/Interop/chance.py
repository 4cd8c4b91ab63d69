"""The source of chance for one model, and what Keras offers to choose from."""

import random


class Unfit(Exception):
    """A layer does not suit the tensor it was drawn for: draw another."""


class Chance(random.Random):
    """`random.Random` with the draws that recur. `keras` is the Keras under test."""

    def __init__(self, keras, seed):
        super().__init__(seed)
        self.keras = keras
        self.is_keras3 = int(keras.__version__.split(".")[0]) >= 3

    def yes(self, probability=0.5):
        return self.random() < probability

    def real(self, low, high):
        """A number with few digits, as people write them."""
        return round(self.uniform(low, high), 2)

    def activation(self):
        """The name of any activation function this Keras has.

        Not `glu`, which halves the last axis while the layers that take it declare the shape they would have without;
        not `threshold`, which cannot be called with the tensor alone.
        """
        module = self.keras.activations
        hidden = {"get", "serialize", "deserialize", "glu", "threshold"}
        names = sorted(set(dir(module)) - hidden)
        return self.choice([name for name in names if name[0] != "_" and callable(getattr(module, name))])

    def maybe_activation(self):
        return {"activation": self.activation()} if self.yes(0.4) else {}

    def per_axis(self, values):
        """A list of sizes the way a user would say it: one number when all are equal, else a tuple."""
        if len(set(values)) == 1 and self.yes():
            return values[0]
        return tuple(values)

    def data_format(self):
        return "channels_first" if self.yes(0.25) else "channels_last"

    def axis(self, shape):
        """An axis of known size, counted with the batch, from the front or from the back."""
        known = [i for i, size in enumerate(shape) if size]
        if not known:
            raise Unfit
        chosen = self.choice(known)
        return chosen + 1 if self.yes() else chosen - len(shape)

    def axes(self, shape):
        """One or several axes of known size."""
        known = [i + 1 for i, size in enumerate(shape) if size]
        if not known:
            raise Unfit
        return sorted(self.sample(known, self.randint(1, len(known))))


def split(shape, data_format):
    """The spatial sizes and the channels of a shape without its batch axis."""
    sizes, channels = (shape[1:], shape[0]) if data_format == "channels_first" else (shape[:-1], shape[-1])
    if not channels:
        raise Unfit
    return list(sizes), channels


def window(chance, sizes, padding, largest=4):
    """Kernel, strides and dilation that fit `sizes`; an unknown size is taken for one large enough."""
    kernel = [chance.randint(1, min(largest, size or 3)) for size in sizes]
    strides, dilation = [1] * len(sizes), [1] * len(sizes)
    if chance.yes(0.4):
        strides = [chance.randint(1, 3) for _ in sizes]
    elif chance.yes(0.4):
        dilation = [chance.randint(1, 3) for _ in sizes]
    for axis, size in enumerate(sizes):
        if padding == "valid" and (kernel[axis] - 1) * dilation[axis] + 1 > (size or 7):
            dilation[axis] = 1
    return kernel, strides, dilation
