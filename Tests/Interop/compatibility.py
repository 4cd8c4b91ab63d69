"""Which of the files of a collection open, by the Keras that wrote them: here, in Keras 3 and in tf_keras; written as docs/COMPATIBILITY.md.

    python compatibility.py --corpus ../shared/corpus [--keras-binary .build/release/keras] [--write docs/COMPATIBILITY.md] [--only-ask 200]

Every Keras file is looked at, of whatever kind: whole models, weights, `.keras`, JSON, YAML, sharded. Here it opens if `keras doctor` finds nothing
that keeps it from being read; a file with code is to be refused by name. The two Kerases load each file in a process of its own with a time limit
(`loads.py`); what they made of it is kept in this collection's cache, so that they can be asked bit by bit. They are not given bytecode.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from command import DEFAULT_BINARY, ROOT
from corpus import CACHE
from old import environment

# By what answers are kept under: the module, what the doctor calls it, and which of old.py's environments has it.
KERASES = {
    "keras": ("keras", "Keras 3.15", None),
    "tf_keras": ("tf_keras", "tf_keras 2.21", None),
    "k224": ("keras", "Keras 2.2.4", "k224"),
    "k122": ("keras", "Keras 1.2.2", "k122"),
}
GENERATIONS = ["K1", "K2", "tf.keras2", "K3"]
KINDS = {"whole": "whole model", "weights": "weights", "text": "architecture"}
SECONDS_ALLOWED = 120
CODE = ("Lambda", "TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda", "class of its own", "by code of its own")
OPTIMIZERS = """Optimizer state is judged by one batch more. What differs from TensorFlow 2.12 on is Nadam's: tf_keras counts how often it has multiplied
its product of momenta (`Nadam.update_step`, `_u_product_counter`), saves neither count nor product, and after loading multiplies once for every
variable. Here the product begins anew, and is multiplied once a step. Keras 3 raises "Unknown variable" when it goes on from its own `.h5`, so that
its state is judged in a `.keras`. Keras 3.0 cannot save every model as `.h5`, and writes graphs of which it leaves out calls: neither it nor Keras
3.15 loads those (`ReferenceResolver`)."""
# Bytecode of some Python, which a Keras would run.
BYTECODE = b'"function_type": "lambda"'


def kind_of(path, role):
    if "weights" in role or path.name.endswith(".weights.json") or path.suffix == ".h5" and b"model_config" not in path.read_bytes():
        return "weights"
    return "text" if path.suffix in (".json", ".yaml") else "whole"


def generation_of(name):
    """Of a file of `generations/`, by the name it was given."""
    for start, generation in (("k1", "K1"), ("_", ""), ("k2", "K2"), ("tf", "tf.keras2"), ("k3", "K3")):
        if name.startswith(start):
            return generation
    return "K3"


def files(corpus):
    """`(path, generation, kind)` of every Keras file."""
    with (corpus / "INDEX.tsv").open(newline="") as index:
        for row in csv.DictReader(index, delimiter="\t"):
            if row["file"].startswith("real/") and row["generation"] in GENERATIONS:
                path = corpus / row["file"]
                yield path, row["generation"], kind_of(path, row["role"])
    for path in sorted((corpus / "generations").iterdir()):
        generation = generation_of(path.name)
        is_shard = path.name.startswith("sh_")
        if path.suffix in (".h5", ".keras", ".json", ".yaml") and generation and not is_shard and path.stat().st_size > 800:
            yield path, generation, kind_of(path, "")


def here(binary, path):
    """`opens`, `code`, or the first problem."""
    done = subprocess.run([binary, "doctor", path, "--json"], capture_output=True, text=True, errors="replace", check=False,
                          timeout=SECONDS_ALLOWED)
    if done.returncode in (0, 1):
        return "opens", json.loads(done.stdout)
    problems = " ".join(done.stderr.replace(str(path), "FILE").split())
    told = json.loads(done.stdout) if done.stdout.startswith("{") else None
    return ("code" if any(word in problems for word in CODE) else problems[:160]), told


def kept(keras, path):
    """Where the answer of a Keras is kept."""
    return CACHE / f"{hashlib.sha256(path.read_bytes() + path.suffix.encode()).hexdigest()[:16]}.{keras}.loads.json"


def holds_code(path):
    return BYTECODE in path.read_bytes()


def ask(every, kerases, seconds, environments):
    """Asks the Kerases for what is not known yet, for so many seconds in all; returns how many answers are missing."""
    CACHE.mkdir(exist_ok=True)
    missing = 0
    for keras in kerases:
        module, _, name = KERASES[keras]
        jobs = [{"file": str(path), "kind": kind, "out": str(kept(keras, path))} for path, _, kind in every
                if kind != "weights" and not kept(keras, path).exists() and not holds_code(path)]
        start = time.monotonic()
        if jobs and seconds > 0:
            python, path = environment(name, environments.resolve()) if name else (sys.executable, "")
            (CACHE / "loads.json").write_text(json.dumps(jobs))
            subprocess.run([python, Path(__file__).with_name("loads.py"), module, CACHE / "loads.json", str(seconds)],
                           env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path}, check=False)
        seconds -= time.monotonic() - start
        missing += sum(not Path(job["out"]).exists() for job in jobs)
    return missing


def there(keras, path, kind):
    """What a Keras makes of it; None where that hangs on a model that is not in the file, or on code that it would run."""
    known = kept(keras, path)
    return json.loads(known.read_text()) if kind != "weights" and known.exists() else None


def right(told, keras, answer):
    """Whether the doctor foresaw what a Keras makes of a file; None where it says nothing of it. What a Keras reads otherwise, it reads."""
    wanted = KERASES[keras][1]
    outcomes = {reader["keras"]: reader["outcome"] for reader in (told or {}).get("readers", [])}
    if wanted not in outcomes:
        return None
    found = "loads" if answer["compiled"] else "loads with compile=False" if answer["loads"] else "fails"
    return outcomes[wanted] == found or outcomes[wanted] == "loads, and means something else" and answer["loads"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only-ask", type=float, metavar="SECONDS", help="asks the Kerases for so long, to be gone on with, and does no more")
    parser.add_argument("--old", type=Path, help="the table that old.py wrote")
    parser.add_argument("--environments", type=Path, help="where old.py keeps its environments: Keras 1.2.2 and 2.2.4 are asked too")
    options = parser.parse_args()
    every = list(files(options.corpus.resolve()))
    kerases = [keras for keras, (_, _, name) in KERASES.items() if options.environments or not name]
    missing = ask(every, kerases, options.only_ask or float("inf"), options.environments)
    if options.only_ask:
        sys.exit(f"{missing} answers are missing" if missing else 0)
    table = defaultdict(Counter)
    refused, doctor, wrong = [], Counter(), []
    for path, generation, kind in every:
        row = table[generation, kind]
        verdict, told = here(options.keras_binary, path)
        row["all"] += 1
        row["opens"] += verdict == "opens"
        row["code"] += verdict == "code"
        row["bytecode"] += kind != "weights" and holds_code(path)
        if verdict not in ("opens", "code"):
            refused.append(f"{path.name}: {verdict}")
        for keras in kerases:
            answer = there(keras, path, kind)
            row[keras] += bool(answer and answer["loads"])
            foreseen = answer and right(told, keras, answer)
            if foreseen is not None:
                doctor[keras, foreseen] += 1
            if foreseen is False:
                wrong.append((keras, path, told, answer))
    for keras, path, told, answer in wrong:
        outcomes = {reader["keras"]: reader for reader in told["readers"]}
        reader = outcomes[KERASES[keras][1]]
        print(f"{keras}: {path.name}: the doctor says '{reader['outcome']}' {[r['reason'] for r in reader['reasons']]}, it "
              f"{'loads' if answer['compiled'] else 'loads uncompiled' if answer['loads'] else 'fails'}: {answer['problem'][:200]}")
    text = page(table, refused, doctor, kerases, options)
    print(text)
    if options.write:
        options.write.write_text(text)
    sys.exit(1 if refused else 0)


def page(table, refused, doctor, kerases, options):
    names = [KERASES[keras][1] for keras in kerases]
    lines = ["# Compatibility", "", "Every Keras file of a collection, by the Keras that wrote it: what opens here, and how many of the whole models and",
             "architectures other Kerases load (`compile=False`, a process for each file, none that holds bytecode; weights need a model, so that",
             "nobody is asked). Made by `make compatibility`.", "",
             "| " + " | ".join(["written by", "what", "files", "open here", "of a class of their own, refused by name", "hold bytecode", *names]) + " |",
             "| --- | --- |" + " ---: |" * (4 + len(names))]
    total = Counter()
    for generation in GENERATIONS:
        for kind, words in KINDS.items():
            row = table.get((generation, kind))
            if not row:
                continue
            total.update(row)
            found = [str(row[keras]) if kind != "weights" else "" for keras in kerases]
            lines.append("| " + " | ".join([generation, words, str(row["all"]), str(row["opens"]), str(row["code"] or ""), str(row["bytecode"] or ""),
                                            *found]) + " |")
    lines.append("| " + " | ".join(["all", "", *(str(total[key]) for key in ("all", "opens", "code", "bytecode", *kerases))]) + " |")
    lines += ["", "K1 is Keras 1, K2 standalone Keras 2, tf.keras2 TensorFlow 1.15 to tf_keras 2.21, K3 Keras 3. What holds bytecode (Lambda layers) opens,",
              "and is refused by name when it is to be run.", "", "How often `keras doctor` foresaw what a Keras makes of a file (loads, loads with "
              "`compile=False`, fails):", ""]
    for keras in kerases:
        right, wrong = doctor[keras, True], doctor[keras, False]
        lines.append(f"* {KERASES[keras][1]}: {right} of {right + wrong}")
    if refused:
        lines += ["", "Not opened, for another reason than code:", ""] + [f"* {line}" for line in refused]
    if options.old and options.old.exists():
        lines += ["", "## Random models of every Keras", "", "The same random models, saved by each Keras in every container it can write; agreeing of all "
                  "(`make interop-old`).", "", options.old.read_text().rstrip(), "", OPTIMIZERS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
