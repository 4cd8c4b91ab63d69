"""Measures swift-keras against other engines, in turns, and writes docs/BENCHMARKS.md.

    python run.py                                   every row, printed
    python run.py --write                           and kept in docs/benchmarks.json and docs/BENCHMARKS.md (make bench)
    python run.py --only 'mnist n32' --quick        the rows whose names match, two short rounds
    python run.py conv2d:n8h14w14c64k64r3s3same     any convolution, and any of the models: mnist:n64
    python run.py --peers onnxruntime --threads 1

In every round each engine has a turn, one after the other, all of them warm, so that a change of the clock or of the
neighbours' load meets all. Before that every engine's output is compared with the same model in float64.
"""

import argparse
import datetime
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import problems
import report
from engine import Engine, Failed
from peers import FOLDER, ROOT
from rows import DIRECT, GROWTH, Row, direct_problems, every_row

PEERS = ("onnxruntime", "openvino", "tensorflow", "torch")
FAR = 1e-3  # of the largest value: an engine as far as this from float64 runs another model


def path_of(folder, name):
    return folder / (name.replace(":", "_") + ".h5")


def make_models(folder, names):
    """Models are made by a process of their own: it needs TensorFlow, whose threads should not sit here."""
    missing = [name for name in names if not path_of(folder, name).with_suffix(".float64.npy").exists()]
    if missing:
        print(f"making {len(missing)} models", file=sys.stderr)
        subprocess.run([sys.executable, Path(__file__).with_name("models.py"), folder, *missing], check=True, stderr=subprocess.DEVNULL)


class Engines:
    """One process for each engine and number of threads, kept over all rows."""

    def __init__(self, options):
        self.options, self.running = options, {}

    def get(self, name, threads):
        if (name, threads) not in self.running:
            if name == "ours":
                command = [self.options.bench_binary, "serve", "--threads", threads]
            else:
                command = [sys.executable, FOLDER / "peer.py", name, threads]
            self.running[name, threads] = Engine(name, command)
        return self.running[name, threads]

    def close(self, threads=None):
        for key in [key for key in self.running if threads is None or key[1] != threads]:
            self.running.pop(key).close()


def errors(engine, path, batch, scratch):
    """How far what the engine gives is from float64: the largest difference over the largest value, and in L2."""
    x, truth = np.load(path.with_suffix(".input.npy")), np.load(path.with_suffix(".float64.npy"))
    parts = []
    for first in range(0, len(x), batch):
        np.save(scratch / "in.npy", np.resize(x[first:first + batch], (batch, *x.shape[1:])))
        engine.ask(f"predict {scratch / 'in.npy'} {scratch / 'out.npy'}")
        parts.append(np.load(scratch / "out.npy").astype("float64"))
    y = np.concatenate(parts)[:len(x)]
    if y.ndim == 4 and y.shape != truth.shape:
        y = y.transpose(0, 2, 3, 1)
    if y.shape != truth.shape:
        raise Failed(f"gave {y.shape} in place of {truth.shape}")
    return {"max": float(np.abs(y - truth).max() / np.abs(truth).max()), "l2": float(np.linalg.norm(y - truth) / np.linalg.norm(truth))}


def measure(row, engines, options, scratch):
    """The row's figures: for each engine its seconds in every round, its setting and its error."""
    path, found = path_of(options.models, row.name), {}
    for name in ["ours", *options.peers]:
        engine = engines.get(name, row.threads)
        try:
            source = path if name in ("ours", "tensorflow") else path.with_suffix(".onnx")
            ready = engine.ask(f"open {row.batch} {source}")
            error = errors(engine, path, row.batch, scratch)
            if not error["max"] < FAR:
                raise Failed(f"differs from float64 by {error['max']:.1e}")
            found[name] = {"version": ready["version"], "setting": ready["setting"], "error": error, "rounds": []}
        except Failed as failure:
            if name == "ours":
                raise
            print(f"  {name} is left out: {failure}", file=sys.stderr)
            if engine.is_gone:
                engines.running.pop((name, row.threads))
    for _ in range(options.rounds):
        for name, figures in found.items():
            figures["rounds"].append(engines.get(name, row.threads).ask(f"run {options.seconds}")["seconds"])
    for figures in found.values():
        figures["seconds"] = statistics.median(figures["rounds"])
    return {"engines": found, "date": datetime.date.today().isoformat(), "commit": commit(), "quick": options.quick}


def measure_growth(row, options):
    """Time per image and the most memory ever held, each batch in a process of its own."""
    engine = Engine("ours", [options.bench_binary, "serve", "--threads", row.threads])
    try:
        engine.ask(f"open {row.batch} {path_of(options.models, row.name)}")
        rounds = [engine.ask(f"run {options.seconds}")["seconds"] for _ in range(options.rounds)]
        status = Path(f"/proc/{engine.process.pid}/status").read_text()
        memory = int(re.search(r"VmHWM:\s*(\d+)", status).group(1)) * 1024
    finally:
        engine.close()
    return {"seconds": statistics.median(rounds), "rounds": rounds, "memory": memory, "date": datetime.date.today().isoformat(),
            "commit": commit(), "quick": options.quick}


def measure_direct(row, options):
    """Time and share of the peak of convolutions without Winograd's algorithm."""
    command = [str(options.bench_binary), "--json", "--convolutions", "direct", "--threads", str(row.threads), "--seconds",
               str(options.seconds), *direct_problems()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    peak, *found = (json.loads(line) for line in done.stdout.splitlines())
    return {"machine": peak, "problems": found, "date": datetime.date.today().isoformat(), "commit": commit(), "quick": options.quick}


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + (" and changes" if git("status", "--porcelain", "--", "Sources") else "")


def machine(binary, threads):
    """What the processor can do, as measured now."""
    text = subprocess.run([str(binary), "machine", "--json", "--threads", str(max(threads))], capture_output=True, text=True).stdout
    return {"processor": report.processor(), **(json.loads(text) if text else {})}


def chosen_rows(options):
    if options.problem:
        rows = []
        for text in options.problem:
            head, _, size = text.rpartition(":n")
            family = text.split(":")[0] in problems.FAMILIES
            rows += [Row(text if family else head, problems.Problem(text).n if family else int(size), threads) for threads in options.threads]
        return rows
    return [row for row in every_row() if row.threads in options.threads and re.search(options.only, row.id)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem", nargs="*", help="problem strings, or a model's name with its batch: mnist:n64")
    parser.add_argument("--only", default="", metavar="PATTERN", help="a regular expression that a row's name must match")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each turn")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[2, 1])
    parser.add_argument("--peers", type=lambda text: [name for name in text.split(",") if name], default=list(PEERS))
    parser.add_argument("--models", type=Path, default=ROOT / ".build" / "benchmarks", help="where the models are kept")
    parser.add_argument("--bench-binary", type=Path, default=ROOT / ".build" / "release" / "KerasBench")
    parser.add_argument("--write", action="store_true", help="keep the figures, and write the page")
    parser.add_argument("--list", action="store_true", help="print the rows' names")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (0.15 if options.quick else 0.3)
    rows = chosen_rows(options)
    if options.list:
        print("\n".join(row.id for row in rows))
        return
    if not rows:
        sys.exit(f"no row matches {options.only!r}; --list prints their names")
    options.models.mkdir(parents=True, exist_ok=True)
    make_models(options.models, dict.fromkeys(row.name for row in rows if row.group != DIRECT))
    kept = report.Kept(ROOT / "docs" / "benchmarks.json", options.write)
    kept.note_machine(machine(options.bench_binary, options.threads))
    engines, failed = Engines(options), False
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows:
            engines.close(threads=row.threads)  # two sizes of thread pools would spin against each other
            try:
                if row.group in (GROWTH, DIRECT):
                    engines.close()
                    figures = (measure_growth if row.group == GROWTH else measure_direct)(row, options)
                else:
                    figures = measure(row, engines, options, Path(scratch))
            except Failed as failure:
                failed = True
                print(f"{row.id}: {failure}", file=sys.stderr)
                continue
            kept.keep(row, figures)
            print(report.line(row, figures), flush=True)
    engines.close()
    if options.write:
        (ROOT / "docs" / "BENCHMARKS.md").write_text(report.page(kept))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
