"""Problem strings in the manner of oneDNN's benchdnn, those of KerasBench (Sources/KerasBench/Problem.swift) that are a layer."""

import re

FAMILIES = ("conv2d", "depthwise", "dense", "maxpool", "avgpool")


class Problem:
    """`conv2d:n32h13w13c32k64r3s3valid`, with `stride2`, `dilation2`, `groups2`, `relu`, `pool` after it."""

    def __init__(self, text):
        self.text = text
        self.family, _, rest = text.partition(":")
        parts = re.findall(r"(stride|dilation|groups)(\d+)|(same|valid|relu|pool)|([nhwckrs])(\d+)", rest)
        parts = [(a or word or letter, number or size) for a, number, word, letter, size in parts]
        if self.family not in FAMILIES or "".join(a + b for a, b in parts) != rest:
            raise SystemExit(f"not a problem: {text}")
        words = {name: int(number) if number else True for name, number in parts}
        self.n, self.h, self.w, self.c, self.k = (words.get(letter, 1) for letter in "nhwck")
        self.r, self.s = words.get("r", 1), words.get("s", 1)
        self.stride = words.get("stride", self.r if self.family.endswith("pool") else 1)
        self.dilation, self.groups = words.get("dilation", 1), words.get("groups", 1)
        self.padding = "same" if "same" in words else "valid"
        self.relu, self.pool = "relu" in words, "pool" in words


def read(path):
    """The problems of a file, comments left out."""
    lines = (line.split("#")[0].strip() for line in open(path))
    return [line for line in lines if line]
