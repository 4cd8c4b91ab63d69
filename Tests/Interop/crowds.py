"""Do all who read a file find one that is whole while others write it?

    python crowds.py [--seconds 60] [--keras-binary .build/release/keras]

For each kind of file two processes write two contents over one name, again and again, by the command; meanwhile two read it, by the command and
byte for byte. Every reading must be one content or the other, every command must succeed, and nothing may be left beside the file in the end.
Needs nothing but Python.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "Fixtures" / "mnist_cnn_k315.h5", ROOT / "Fixtures" / "generations" / "k315_seq.h5"]
KINDS = ("goal.h5", "goal.keras", "goal.safetensors")


def run(binary, *words):
    return subprocess.run([str(binary), *map(str, words)], capture_output=True, text=True)


class Crowd:
    def __init__(self, binary, goal, seconds):
        self.binary, self.goal, self.counts, self.problems = binary, goal, Counter(), []
        self.contents, self.said = [], []
        for source in SOURCES:
            run(binary, "convert", source, goal).check_returncode()
            self.contents.append(goal.read_bytes())
            self.said.append(self.shown().stdout)
        assert self.contents[0] != self.contents[1] and self.said[0] != self.said[1]
        self.end = time.monotonic() + seconds
        work = [threading.Thread(target=self.write, args=(source,)) for source in SOURCES]
        work += [threading.Thread(target=self.read), threading.Thread(target=self.look)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        rest = [entry.name for entry in goal.parent.iterdir() if entry != goal]
        if rest:
            self.problems.append(f"left behind: {rest}")

    def shown(self):
        return run(self.binary, "inspect", self.goal)

    def write(self, source):
        while time.monotonic() < self.end:
            done = run(self.binary, "convert", source, self.goal)
            self.counts["writes"] += 1
            if done.returncode:
                self.problems.append(f"a writer: {done.stderr.strip()[:200]}")

    def look(self):
        while time.monotonic() < self.end:
            done = self.shown()
            self.counts["read by the command"] += 1
            if done.returncode or done.stdout not in self.said:
                self.problems.append(f"a reader: status {done.returncode}, {done.stderr.strip()[:200]}")

    def read(self):
        while time.monotonic() < self.end:
            content = self.goal.read_bytes()
            self.counts["read as bytes"] += 1
            if content not in self.contents:
                self.problems.append(f"{len(content)} bytes that nobody wrote")
            time.sleep(0.001)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each kind of file")
    parser.add_argument("--keras-binary", type=Path, default=ROOT / ".build" / "release" / "keras")
    options = parser.parse_args()
    wrong = 0
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            crowd = Crowd(options.keras_binary, Path(folder) / kind, options.seconds)
        wrong += len(crowd.problems)
        for problem in crowd.problems[:5]:
            print(f"  {kind}: {problem}")
        print(f"{kind}, {options.seconds:g} s: " + ", ".join(f"{count:,} {what}" for what, count in sorted(crowd.counts.items())) + f"; {len(crowd.problems)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
