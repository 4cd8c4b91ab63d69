"""Files of the Kerases of ten years, written by each of them: does every one open, with the same numbers? And do they open ours?

    python old.py [--count 20] [--seed TEXT] [--only k122,tf24] [--environments DIR] [--keras-binary .build/release/keras] [--write FILE]

Each generation runs in a virtual environment of its own, made here of the Pythons that stand side by side under pyenv; one that cannot be made
is told and left out. `old_models.py` draws the models, which are the same for all, and saves them in every container that Keras can write. The
optimizers' state is judged by going on: one batch more, from the file, must give the weights that Keras comes to from the same file. Then the
models of three of them are written as universal files, which every later one loads (`old_loads.py`), and in the words of the newest.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import h5py
import numpy as np

from command import DEFAULT_BINARY, TOLERANCE, Refused, distance, keras, load

KERAS_1 = ["--no-deps", "--no-binary", ":all:", "Keras==1.2.2"]
TF_1 = ["tensorflow==1.15.5", "keras==2.2.4", "h5py==2.10.0", "protobuf<3.21", "numpy<1.19", "PyYAML==5.4.1"]
TF_215 = ["tensorflow-cpu==2.15.0", "namex", "rich", "optree", "dm-tree", "ml_dtypes", "absl-py", "packaging"]
# The Python, the packages of its environment, and one package put before them.
GENERATIONS = {
    "k122": ("3.7", TF_1, KERAS_1),
    "k224": ("3.7", TF_1, None),
    "tf24": ("3.8", ["tensorflow-cpu==2.4.4"], None),
    "tf212": ("3.8", ["tensorflow-cpu==2.12.0"], None),
    "tf213": ("3.8", ["tensorflow-cpu==2.13.1"], None),
    "tf214": ("3.10", ["tensorflow-cpu==2.14.1"], None),
    "tf215": ("3.11", TF_215, None),
    "tfk221": (None, None, None),
    "k300": ("3.11", TF_215, ["--no-deps", "keras==3.0.0"]),
    "k333": ("3.11", TF_215, ["--no-deps", "keras==3.3.3"]),
    "k360": ("3.11", TF_215, ["--no-deps", "keras==3.6.0"]),
    "k310": ("3.11", TF_215, ["--no-deps", "keras==3.10.0"]),
    "k315": (None, None, None),
}
LOADING = """
The models of three of them (Keras 1.2.2, tf_keras 2.21, Keras 3.15) as the command writes them: universal files for every Keras, and in the words of
the newest of each line for that one. Loaded with `compile=False`, and agreeing with what the first Keras computed, of all.

"""
SECONDS_FOR_MODELS = 900
# Whose models are written again.
SOURCES = ("k122", "tfk221", "k315")
UNIVERSAL, OWN, ARCHIVE = "universal .h5", ".h5 in its own words", ".keras"
# What the other targets are the words of; older ones refuse keys that came later, of files by these Kerases too.
OWN_WORDS = {"k224": "keras2", "tfk221": "tf.keras", "k315": "keras3"}
# One step from the same state; the largest weight is of the order of one.
STEP_TOLERANCE = 2e-5


def environment(name, folder):
    """The Python that has this generation, and what its PYTHONPATH must be; made where it is not there."""
    version, packages, extra = GENERATIONS[name]
    if version is None:
        return sys.executable, ""
    home = folder / f"{version}-{packages[0]}"
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        subprocess.run([f"python{version}", "-m", "venv", home], check=True, env={**os.environ, "PYENV_VERSION": pyenv(version)})
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        (home / ".ready").touch()
    if extra is None:
        return python, ""
    target = folder / name
    if not (target / "keras").exists():
        subprocess.run([python, "-m", "pip", "install", "-q", "--target", target, *extra], check=True)
    return python, str(target)


def pyenv(version):
    """pyenv's full number of a version, if it is there."""
    done = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
    found = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith(version + ".")]
    return found[-1] if found else os.environ.get("PYENV_VERSION", "")


def run_in(name, options, script, *arguments):
    """Runs a script in a generation's environment."""
    python, path = environment(name, options.environments)
    variables = {**os.environ, "PYTHONPATH": path, "KERAS_BACKEND": "tensorflow"}
    subprocess.run([python, Path(__file__).with_name(script), *arguments], check=True, env=variables, stdout=subprocess.DEVNULL,
                   timeout=SECONDS_FOR_MODELS)


def make(name, options, folder):
    """Lets one Keras draw and save its models; returns what it wrote."""
    folder.mkdir()
    run_in(name, options, "old_models.py", name, str(options.count), options.seed, folder)
    return json.loads((folder / "files.json").read_text())


def members(path):
    return list(load(path).values())


def check_numbers(entry, folder, binary, scratch):
    """What is wrong with a file's predictions, or nothing."""
    result = scratch / "out.npz"
    result.unlink(missing_ok=True)
    weights = ["--weights", folder / entry["weights"]] if entry["weights"] else []
    keras(binary, "predict", folder / entry["file"], folder / f"{entry['model']}.in.npz", *weights, "-o", result)
    found, wanted = members(result), members(folder / f"{entry['model']}.out.npz")
    worst = max((distance(a, b) for a, b in zip(found, wanted)), default=np.inf)
    return "" if len(found) == len(wanted) and worst <= TOLERANCE else f"differs by {worst:.1e}"


def weights_of(file):
    """A whole `.h5`'s weights in the model's order."""
    def names(group, name):
        return [n.decode() if isinstance(n, bytes) else n for n in group.attrs[name]]
    with h5py.File(file) as f:
        root = f["model_weights"]
        return [root[layer][name][()] for layer in names(root, "layer_names") for name in names(root[layer], "weight_names")]


def check_step(entry, folder, binary, scratch):
    """What is wrong with going on from a file, or nothing."""
    out = scratch / "next.h5"
    keras(binary, "fit", folder / entry["file"], folder / entry["data"], "-o", out, "--no-shuffle", "--batch-size", 8)
    found, before = weights_of(out), members(folder / f"{entry['file']}.before.npz")
    told = json.loads(keras(binary, "inspect", folder / entry["file"], "--json"))
    unnamed = [v["stored"] for v in told.get("optimizer_variables") or [{"stored": "all of them"}] if not v.get("slot")]
    if unnamed:
        return f"variables without a name: {unnamed[0]}"
    outcomes = [members(folder / name) for name in entry["after"]]
    if [a.shape for a in found] != [a.shape for a in outcomes[0]]:
        return "other weights"

    def apart(some, others):
        return max(float(np.abs(a - b).max()) for a, b in zip(some, others))
    worst, moved = min(apart(found, wanted) for wanted in outcomes), apart(outcomes[0], before)
    return "" if worst <= STEP_TOLERANCE * max(moved, 1) and moved > 0 else f"differs by {worst:.1e}, of a step of {moved:.1e}"


def check(entry, folder, binary, scratch):
    try:
        return (check_step if "after" in entry else check_numbers)(entry, folder, binary, scratch)
    except Refused as refusal:
        return " ".join(str(refusal).replace(str(folder), "").split())[:160]


def write_all(made, root, binary):
    """Writes the sources' models for every target; gives `(target, ending)`'s files, and how many were refused by what sentence."""
    files, refused = defaultdict(list), Counter()
    (root / "ours").mkdir()
    for name in SOURCES:
        for entry in made.get(name, {"files": []})["files"]:
            if entry["what"] != "whole .h5":
                continue
            for target, ending in [("universal", ".h5"), ("keras2", ".h5"), ("tf.keras", ".h5"), ("keras3", ".h5"), ("keras3", ".keras")]:
                file = f"{name}_{entry['model']}_{target}{ending}"
                try:
                    keras(binary, "convert", root / name / entry["file"], root / "ours" / file, "--to", target)
                except Refused as refusal:
                    refused[f"{target}: " + re.sub(r"layer '[^']*'|/\S*: ", "", str(refusal).splitlines()[0])] += 1
                    continue
                stem = root / name / entry["model"]
                files[target, ending].append({"file": file, "inputs": f"{stem}.in.npz", "wanted": f"{stem}.out.npz"})
    return files, refused


def check_loading(name, files, options, root):
    """What a generation makes of our files: how many of each kind, how many agree, and what is wrong with the others."""
    folder = root / "ours"
    kinds = {UNIVERSAL: files["universal", ".h5"], OWN: files[OWN_WORDS.get(name), ".h5"], ARCHIVE: files[OWN_WORDS.get(name), ".keras"]}
    (folder / f"{name}.json").write_text(json.dumps([entry for entries in kinds.values() for entry in entries]))
    run_in(name, options, "old_loads.py", name, folder)
    said = json.loads((folder / f"{name}.said.json").read_text())
    counts, wrong = {"all": Counter(), "good": Counter(), "not run": 0}, []
    for what, entries in kinds.items():
        for entry in entries:
            problem = said.get(entry["file"])
            if problem == "no kernel":
                counts["not run"] += 1
                continue
            if problem is None:
                found, wanted = members(folder / f"{entry['file']}.{name}.npz"), members(entry["wanted"])
                worst = max(distance(a, b) for a, b in zip(found, wanted))
                problem = "" if len(found) == len(wanted) and worst <= TOLERANCE else f"differs by {worst:.1e}"
            counts["all"][what] += 1
            counts["good"][what] += not problem
            if problem:
                wrong.append(f"ours: {entry['file']}: {problem}")
    return counts, wrong


def table(rows, title):
    """Markdown: a line per generation, a column per container."""
    kinds = sorted({what for counts in rows.values() for what in counts["all"]})
    lines = [f"| {title} | " + " | ".join(kinds) + " |", "| --- |" + " ---: |" * len(kinds)]
    for name, counts in rows.items():
        cells = [f"{counts['good'][k]}/{counts['all'][k]}" if counts["all"][k] else "" for k in kinds]
        lines.append(f"| {counts['keras']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", default="old")
    parser.add_argument("--only", default=",".join(GENERATIONS))
    parser.add_argument("--environments", type=Path, default=Path(".venv-old"))
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--keep", type=Path, help="keep the files here")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    options.environments = options.environments.resolve()
    options.environments.mkdir(exist_ok=True)
    rows, failures, writers = {}, defaultdict(list), {}
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        root.mkdir(exist_ok=True)
        for name in options.only.split(","):
            try:
                made = make(name, options, root / name)
            except (subprocess.SubprocessError, OSError) as problem:
                print(f"{name}: left out: {problem}", flush=True)
                continue
            writers[name] = made
            counts = rows[name] = {"keras": labelled(name, made["keras"]), "all": Counter(), "good": Counter()}
            for entry in made["files"]:
                wrong = check(entry, root / name, options.keras_binary, Path(temporary))
                counts["all"][entry["what"]] += 1
                counts["good"][entry["what"]] += not wrong
                if wrong:
                    failures[name].append(f"{entry['file']} ({entry['what']}, {entry.get('kind', '')}): {wrong}")
            print(f"{name}: {sum(counts['good'].values())} of {sum(counts['all'].values())} files", flush=True)
        files, refused = write_all(writers, root, options.keras_binary)
        print(*(f"  {count} refused: {sentence}" for sentence, count in refused.most_common()), sep="\n")
        readers = {}
        for name in writers:
            if name == "k122":
                continue
            counts, wrong = check_loading(name, files, options, root)
            readers[name] = {"keras": rows[name]["keras"], **counts}
            failures[name] += wrong
            print(f"{name} loads {sum(counts['good'].values())} of {sum(counts['all'].values())} files of ours,"
                  f" {counts['not run']} without a kernel for channels in front", flush=True)
    for name, lines in failures.items():
        print(*(f"  {name}/{line}" for line in lines), sep="\n")
    tables = table(rows, "written by") + LOADING + table(readers, "loaded by")
    print("\n" + tables)
    if options.write:
        options.write.write_text(tables)
    passed = sum(sum(c["good"].values()) for c in (*rows.values(), *readers.values()))
    failed = sum(map(len, failures.values()))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def labelled(name, version):
    """`Keras 1.2.2`, `TensorFlow 2.4's Keras`."""
    if name == "tfk221":
        return f"tf_keras {version}"
    return f"tf.keras {version}" if name.startswith("tf") else f"Keras {version}"


if __name__ == "__main__":
    main()
