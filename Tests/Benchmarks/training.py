"""Times a training epoch of the tutorials' models against Keras on TensorFlow, JAX and PyTorch: rounds in turns, medians.

    python training.py [--rounds 3] [--only PATTERN] [--threads 2] [--bench-binary .build/release/KerasBench]

Each engine fits one epoch and evaluates, to be warm, and then again, twice: the better try of each counts. The data are in memory. Where samples
are small, four times as many are evaluated.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ("tensorflow", "jax", "torch")
# The model, the batch, the samples of an epoch, and how many times as many are evaluated.
ROWS = [("a", 32, 6400, 4), ("a", 128, 6400, 4), ("b", 32, 3200, 4), ("b", 128, 3200, 4), ("d", 32, 640, 1)]


def model(keras, name):
    """The tutorials' networks, compiled."""
    layers = keras.layers
    conv = lambda filters, **more: layers.Conv2D(filters, 3, activation="relu", **more)
    if name == "a":
        stack = [layers.Input((28, 28, 1)), conv(32), layers.MaxPooling2D(2), conv(64), layers.MaxPooling2D(2), conv(64), layers.Flatten(),
                 layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    elif name == "b":
        stack = [layers.Input((28, 28, 1)), conv(16, padding="same"), layers.MaxPooling2D(2), conv(128), layers.MaxPooling2D(2),
                 layers.Dropout(0.25), conv(256, padding="same"), layers.Flatten(), layers.Dense(128, activation="relu"),
                 layers.Dropout(0.5), layers.Dense(10, activation="softmax")]
    else:
        stack = [layers.Input((100, 100, 3)), conv(32, padding="same"), conv(32), layers.MaxPooling2D(2), layers.Dropout(0.25),
                 conv(64, padding="same"), conv(64), layers.MaxPooling2D(2), layers.Dropout(0.25), layers.Flatten(),
                 layers.Dense(512, activation="relu"), layers.Dropout(0.5), layers.Dense(6, activation="softmax")]
    result = keras.Sequential(stack)
    result.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return result


def data(name, samples):
    random = np.random.default_rng(1)
    side, channels, classes = (100, 3, 6) if name == "d" else (28, 1, 10)
    return (random.uniform(0, 1, (samples, side, side, channels)).astype("float32"), random.integers(0, classes, samples).astype("int64"))


def peer(name, batch, samples, times, threads):
    """Runs in a process of its own, whose KERAS_BACKEND is set: seconds of an epoch and of an evaluation."""
    backend = os.environ["KERAS_BACKEND"]
    if backend == "tensorflow":
        import tensorflow
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    elif backend == "torch":
        import torch
        torch.set_num_threads(threads)
    import keras
    x, y = data(name, samples)
    all_x, all_y = (np.concatenate([array] * times) for array in (x, y))
    made = model(keras, name)
    made.fit(x, y, batch_size=batch, epochs=1, verbose=0)
    made.evaluate(all_x, all_y, batch_size=batch, verbose=0)
    epochs, evaluations = [], []
    for _ in range(2):
        start = time.perf_counter()
        made.fit(x, y, batch_size=batch, epochs=1, verbose=0)
        epochs.append(time.perf_counter() - start)
        start = time.perf_counter()
        made.evaluate(all_x, all_y, batch_size=batch, verbose=0)
        evaluations.append(time.perf_counter() - start)
    print(json.dumps([min(epochs), min(evaluations) / times]))


def ours(binary, folder, batch, times, threads):
    done = subprocess.run([binary, "training", folder / "model.keras", folder / "data.npz", "--batch", str(batch), "--threads", str(threads)],
                          check=True, capture_output=True, text=True)
    epoch, evaluation = json.loads(done.stdout)
    return [epoch, evaluation / times]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bench-binary", type=Path, default=ROOT / ".build" / "release" / "KerasBench")
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--peer", nargs=4)
    options = parser.parse_args()
    if options.peer:
        return peer(options.peer[0], *map(int, options.peer[1:]), options.threads)
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", OMP_NUM_THREADS=str(options.threads))
    for unwanted in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(unwanted, None)
    import keras
    for name, batch, samples, times in ROWS:
        if not re.search(options.only, f"{name} {batch}"):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            x, y = data(name, samples)
            np.savez(folder / "data.npz", x_train=x, y_train=y, x_all=np.concatenate([x] * times),
                     y_all=np.concatenate([y] * times))
            model(keras, name).save(folder / "model.keras")
            seconds = {}
            for _ in range(options.rounds):
                seconds.setdefault("swift-keras", []).append(ours(options.bench_binary, folder, batch, times, options.threads))
                for backend in options.backends.split(","):
                    done = subprocess.run(
                        [sys.executable, __file__, "--peer", name, str(batch), str(samples), str(times), "--threads", str(options.threads)],
                        env=os.environ | {"KERAS_BACKEND": backend}, capture_output=True, text=True)
                    if done.returncode:
                        print(done.stderr.strip().splitlines()[-1][:200], file=sys.stderr)
                        continue
                    seconds.setdefault(backend, []).append(json.loads(done.stdout.splitlines()[-1]))
        for what, place in (("fit", 0), ("evaluate", 1)):
            medians = {who: statistics.median(run[place] for run in runs) for who, runs in seconds.items()}
            mine = medians["swift-keras"]
            best = min((value, who) for who, value in medians.items() if who != "swift-keras")
            print(f"{what} ({name}) batch {batch}: " + ", ".join(f"{who} {value / samples * 1e6:.0f} µs" for who, value in medians.items())
                  + f" a sample; {best[0] / mine:.2f} × {best[1]}", flush=True)


if __name__ == "__main__":
    main()
