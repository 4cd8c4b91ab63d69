"""What is measured, and the bars that were set before anything was."""

from pathlib import Path

import problems

MODELS_GROUP, KNOWN, UNSEEN, GROWTH, DIRECT = "models", "known", "unseen", "growth", "direct"
HERE = Path(__file__).parent

# Ours against the fastest peer on two threads, by model and batch.
BARS = {
    "mnist": {1: 2.5, 32: 2.0, 256: 2.0},
    "padded": {1: 1.8, 32: 2.0, 256: 2.0},
    "photo": {1: 1.8, 32: 1.5, 256: 1.5},
    "vgg16": {1: 1.5, 8: 1.5},
    "resnet50": {1: 1.3, 8: 1.3},
    "mobilenetv2": {1: 1.0, 8: 1.0},
    "xception": {1: 1.0, 8: 1.0},
    "lstm": {1: 1.3, 32: 1.3},
    "gru": {1: 1.3, 32: 1.3},
    "bilstm": {1: 1.3, 32: 1.3},
    "transformer": {1: 1.0, 16: 1.0},
}
# On one thread: none under the first, and the geometric mean of all not under the second.
ONE_THREAD, ONE_THREAD_MEAN = 1.0, 1.2
# Time per image at the other batches against that at the first.
GROWTH_BATCHES, GROWTH_BAR = (32, 256, 1024, 4096), 1.2
# The share of the measured peak that direct convolutions reach, from 16 channels on, where time goes into sums.
DIRECT_BAR, DIRECT_CHANNELS = 0.85, 16
# Our distance from float64 against ONNX Runtime's.
ERROR_BAR = 2.0


class Row:
    def __init__(self, name, batch, threads, group=None, bar=None):
        self.name, self.batch, self.threads, self.group, self.bar = name, batch, threads, group, bar

    @property
    def id(self):
        words = self.name if ":" in self.name else f"{self.name} n{self.batch}"
        if self.group == DIRECT:
            return f"direct t{self.threads}"
        return ("growth " if self.group == GROWTH else "") + f"{words} t{self.threads}"


def every_row():
    for threads in (2, 1):
        for name, batches in BARS.items():
            for batch, bar in batches.items():
                yield Row(name, batch, threads, MODELS_GROUP, bar if threads > 1 else ONE_THREAD)
    for name in ("mnist", "padded", "photo"):
        for batch in GROWTH_BATCHES:
            yield Row(name, batch, 2, GROWTH)
    for group, file in ((UNSEEN, "unseen_convolutions.txt"), (KNOWN, "known_convolutions.txt")):
        for text in problems.read(HERE / file):
            yield Row(text, problems.Problem(text).n, 2, group)
    for threads in (1, 2):
        yield Row("direct", 0, threads, DIRECT)


def direct_problems():
    """The convolutions whose share of the peak is measured."""
    listed = problems.read(HERE / "known_convolutions.txt") + problems.read(HERE / "unseen_convolutions.txt")
    return [text for text in listed if problems.Problem(text).c >= DIRECT_CHANNELS and problems.Problem(text).n > 1]
