"""Writes Fixtures/tutorials/creatures.npy.gz: pictures of six kinds of made-up creatures, as tutorials of old have their photos.

    python Fixtures/make/creatures.py

Four arrays in one of objects, `(x_train, x_test, y_train, y_test)`, as numpy before 1.24 made of a tuple that it was to save: images uint8
(96, 100, 100, 3) and (24, 100, 100, 3), labels int64. A creature is a body with two eyes on a dark background, at any place and of any size; each kind has its shape
and, roughly, its colour.
"""

import gzip
import io
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[1] / "tutorials" / "creatures.npy.gz"
SIZE = 100
DRAW = np.random.default_rng(6)


def body(kind, x, y):
    """Whether a point is in the body, for coordinates from -1 to 1 across it."""
    distance, angle = np.hypot(x, y), np.arctan2(y, x)
    return (
        distance < 1,                                       # a ball
        np.maximum(abs(x), abs(y)) < 0.85,                  # a box
        (y < 0.8) & (y > 2 * abs(x) - 1),                   # a cone
        np.minimum(abs(x), abs(y)) < 0.3,                   # a cross
        (distance < 1) & (distance > 0.6),                  # a ring
        distance < 0.65 + 0.35 * np.cos(5 * angle),         # a star
    )[kind] & (np.maximum(abs(x), abs(y)) < 1)


COLOURS = np.array([(225, 70, 60), (80, 190, 80), (80, 110, 225), (225, 200, 70), (190, 90, 200), (90, 205, 210)])


def creature(kind):
    radius = DRAW.uniform(26, 40)
    left, top = DRAW.uniform(radius + 2, SIZE - radius - 2, 2)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    x, y = (columns - left) / radius, (rows - top) / radius
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = DRAW.integers(0, 80, 3)
    image[body(kind, x, y)] = np.clip(COLOURS[kind] + DRAW.integers(-50, 51, 3), 0, 255)
    for side in (-0.25, 0.25):
        image[np.hypot(x - side, y + 0.1) < 0.1] = 0
    return image


def creatures(count):
    labels = DRAW.permutation(np.arange(count) % 6)
    return np.stack([creature(kind) for kind in labels]), labels


def main():
    (x_train, y_train), (x_test, y_test) = creatures(96), creatures(24)
    together = np.empty(4, dtype=object)
    together[:] = [x_train, x_test, y_train, y_test]
    plain = io.BytesIO()
    np.save(plain, together, allow_pickle=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(gzip.compress(plain.getvalue(), 9, mtime=0))
    print(OUT.name, OUT.stat().st_size)


if __name__ == "__main__":
    main()
