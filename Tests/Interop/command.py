"""Runs the Swift command, and says when two sets of numbers agree."""

import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_BINARY = ROOT / ".build" / "release" / "keras"
SECONDS_ALLOWED = 120
TOLERANCE = 1e-5


class Refused(Exception):
    """The command ended with an error; the text is what it wrote on standard error."""


def keras(binary, *arguments):
    """Runs the command and returns its standard output."""
    try:
        done = subprocess.run([str(binary), *map(str, arguments)], capture_output=True, text=True, errors="replace",
                              timeout=SECONDS_ALLOWED)
    except subprocess.TimeoutExpired:
        raise Refused(f"no end after {SECONDS_ALLOWED} s") from None
    if done.returncode != 0:
        raise Refused(f"exit {done.returncode}: {done.stderr.strip() or 'nothing on standard error'}")
    return done.stdout


def load(path):
    """The members of an .npz, in order."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def predict(binary, model, inputs, folder, weights=None):
    """What the command predicts, by output name and in model order."""
    result = Path(folder) / "prediction.npz"
    result.unlink(missing_ok=True)
    extra = ["--weights", weights] if weights else []
    keras(binary, "predict", model, inputs, *extra, "-o", result)
    return load(result)


def distance(value, reference):
    """The largest difference, relative to the reference's largest value; not a number counts as infinitely far."""
    if value.shape != reference.shape:
        return np.inf
    if value.size == 0:
        return 0.0
    difference = np.abs(value.astype(np.float64) - reference.astype(np.float64)).max()
    scale = np.abs(reference.astype(np.float64)).max()
    return float(difference / (scale or 1)) if np.isfinite(difference) else np.inf


def agrees(value, reference, double=None):
    """Within the tolerance of Keras's float32; or no further from the float64 truth than twice Keras's own error."""
    if distance(value, reference) <= TOLERANCE:
        return True
    return double is not None and distance(value, double) <= 2 * distance(reference, double)
