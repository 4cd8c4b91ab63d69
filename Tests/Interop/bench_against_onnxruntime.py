"""Measures the Swift command against ONNX Runtime on one model, in turns.

    python bench_against_onnxruntime.py [MODEL.h5] [--keras-binary .build/release/keras] [--rounds 5]

Both run the same weights on the same processor, one after the other, again and again, so that a change of the clock or
of the neighbours' load meets both. ONNX Runtime gets its input in the layout it likes best.
"""

import argparse
import json
import platform
import re
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from command import DEFAULT_BINARY, ROOT, distance, keras, predict
from onnx_twin import twin_of

SECONDS_MEASURED = 1.0


def processor():
    """The processor's name."""
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def theirs(session, batch):
    """ONNX Runtime's samples per second."""
    feed = {"input": batch}
    for _ in range(3):
        session.run(None, feed)
    runs, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < SECONDS_MEASURED:
        session.run(None, feed)
        runs += 1
    return runs * len(batch) / elapsed


def ours(binary, model, size, threads):
    """The command's samples per second."""
    text = keras(binary, "bench", model, "--batch-size", size, "--threads", threads, "--json")
    try:
        return float(json.loads(text)["samples_per_second"])
    except (ValueError, KeyError):
        return float(re.search(r"([\d.,]+)\s*samples/s", text).group(1).replace(",", ""))


def demand_same_numbers(binary, path, model, shape):
    """Ends the run when the twin is not one."""
    batch = np.random.default_rng(1).uniform(0, 255, (8, *shape)).astype("float32")
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "in.npz", np.ascontiguousarray(batch.transpose(0, 2, 3, 1)))
        mine = next(iter(predict(binary, path, Path(folder) / "in.npz", folder).values()))
    apart = distance(mine, session(model, 1).run(None, {"input": batch})[0])
    if apart > 1e-4:
        raise SystemExit(f"the twin differs by {apart:.1e}")
    print(f"largest difference between the two: {apart:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", default=ROOT / "Fixtures" / "mnist_cnn_k315.h5")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model, shape = twin_of(options.model)
    print(f"{processor()}; onnxruntime {onnxruntime.__version__}; {options.model.name}")
    demand_same_numbers(options.keras_binary, options.model, model, shape)
    print("batch  threads    ours/s     ort/s   ours/ort   (medians; range of the ratio by round)")
    for size in (32, 256):
        batch = np.random.default_rng(2).uniform(0, 255, (size, *shape)).astype("float32")
        for threads in (1, 2):
            runner, pairs = session(model, threads), []
            for _ in range(options.rounds):
                pairs.append((ours(options.keras_binary, options.model, size, threads), theirs(runner, batch)))
            a, b = (statistics.median(column) for column in zip(*pairs))
            ratios = [x / y for x, y in pairs]
            print(f"{size:5}  {threads:7} {a:9.0f} {b:9.0f} {a / b:10.2f}   ({min(ratios):.2f} to {max(ratios):.2f})",
                  flush=True)


if __name__ == "__main__":
    main()
