"""Is every layer of docs/LAYERS.md drawn by a script that asks real Keras?

    python Tests/Interop/drawn.py

Reads the page and the scripts; asks no Keras. Prints which script draws which layers.
"""

import re
import sys
from pathlib import Path

from layer_draws import WEIGHTED, WEIGHTLESS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRIPTS = ("random_models.py", "recurrent.py", "texts.py", "old.py")
# What a script draws from stands in these files.
SOURCES = {"random_models.py": ("structures.py", "layer_draws.py"), "old.py": ("old_models.py",)}
# Layers that are nothing by themselves, or that no Keras here runs: who asks about them instead.
ELSEWHERE = {
    "InputLayer": "every model", "Lambda": "Tests/KerasTests", "CuDNNGRU": "Fixtures/make/cudnn.py", "CuDNNLSTM": "Fixtures/make/cudnn.py",
    "Highway": "Keras 1's formulas in OldFilesTests", "MaxoutDense": "Keras 1's formulas in OldFilesTests",
}


def layers():
    """The rows of the page's first table: each layer's names."""
    table = (ROOT / "docs" / "LAYERS.md").read_text().split("\n\n")[3]
    for row in table.splitlines()[2:]:
        yield re.findall(r"\w+", row.split("|")[1])


def drawn_by(script):
    """The words in what a script draws from, and the layers of its lists."""
    files = (script, *SOURCES.get(script, ()))
    words = set(re.findall(r"\b[A-Z]\w+", "\n".join((HERE / file).read_text() for file in files)))
    if script == "random_models.py":
        words |= {*WEIGHTED, *WEIGHTLESS}
    if script == "recurrent.py":
        words |= {f"ConvLSTM{rank}D" for rank in (1, 2, 3)}
    return words


def main():
    words, missing, found = {script: drawn_by(script) for script in SCRIPTS}, [], {script: [] for script in SCRIPTS}
    for names in layers():
        scripts = [script for script in SCRIPTS if words[script] & set(names)]
        for script in scripts:
            found[script].append(names[0])
        if not scripts and names[0] not in ELSEWHERE:
            missing.append(names[0])
    for script, names in found.items():
        print(f"{script}: {len(names)}: {', '.join(names)}")
    print(f"elsewhere: {', '.join(f'{name} ({place})' for name, place in ELSEWHERE.items())}")
    print(f"drawn by no script: {', '.join(missing)}" if missing else "every layer is drawn")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
