"""Is a file ever lost while the command writes over it?

    python kills.py [--kills 1000] [--steps 4096] [--keras-binary .build/release/keras] [--tmpfs]

Of every kind of file two contents are written over each other in turn. The command is killed at random moments, `--kills` times in all, and then
meets a full disk after every `--steps` bytes: as a limit on the size of files, and with `--tmpfs` (needs root) as a file system of that size. What
stands there afterwards must be the old file or the new one, byte for byte; and after the next save that succeeds, nothing else.
Needs nothing but Python.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faults import KINDS, ROOT, SOURCES

# After so many kills it is looked how long a save takes.
MEASURED = 20


class Trial:
    """One kind of file. Its two contents are called by the commands that write them."""

    def __init__(self, binary, folder, name):
        self.binary, self.goal = binary, folder / name
        self.states = {}
        for target in KINDS[name]:
            subprocess.run(self.command(target), check=True, capture_output=True)
            self.states[target] = self.goal.read_bytes()
        self.targets = list(self.states)
        self.size = max(map(len, self.states.values()))

    def command(self, target):
        return [str(self.binary), *(word.format(goal=self.goal, **SOURCES) for word in target.split())]

    def whole(self):
        """Which of the two files stands there, or None."""
        found = self.goal.read_bytes() if self.goal.exists() else b""
        return next((target for target, content in self.states.items() if content == found), None)

    def leftovers(self):
        return [entry.name for entry in self.goal.parent.iterdir() if entry != self.goal]


def kill(trial, count, seed):
    """Kills at random moments within the time a save takes; how many times the old file stood, the new one, or neither."""
    chance = random.Random(seed)
    old, new, lost, duration = 0, 0, 0, 0
    for number in range(count):
        if number % MEASURED == 0:
            # Anew, since the machine has other things to do.
            start = time.monotonic()
            subprocess.run(trial.command(trial.targets[0]), check=True, capture_output=True)
            duration = time.monotonic() - start
        before = trial.whole()
        target = next(target for target in trial.targets if target != before)
        process = subprocess.Popen(trial.command(target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 1.1 * duration))
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = trial.whole()
        old, new, lost = old + (after == before), new + (after == target), lost + (after is None)
        if after is None:
            subprocess.run(trial.command(trial.targets[0]), check=True, capture_output=True)
    subprocess.run(trial.command(trial.targets[0]), check=True, capture_output=True)
    print(f"{trial.goal.name}: {count} kills within about {duration * 1000:.0f} ms: the old file {old} times, the new one {new}, neither {lost}; "
          f"left behind after the next save: {trial.leftovers() or 'nothing'}")
    return lost + len(trial.leftovers())


def fill(trial, steps):
    """A limit on the size of files at every step up to the whole file."""
    old, new, wrong = 0, 0, 0
    for limit in range(0, trial.size + steps, steps):
        before = trial.whole()
        target = next(target for target in trial.targets if target != before)
        done = subprocess.run(trial.command(target), capture_output=True, text=True, restore_signals=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        after = trial.whole()
        told = done.returncode in (73, 74) and trial.goal.name in done.stderr
        fine = (after == before and told or after == target and done.returncode == 0) and not trial.leftovers()
        old, new, wrong = old + (after == before), new + (after == target), wrong + (not fine)
        if not fine:
            print(f"  limit {limit}: exit {done.returncode}, {after}, {trial.leftovers()}, {done.stderr.strip()[:120]}")
    print(f"{trial.goal.name}: limited to every {steps} bytes up to {trial.size}: the old file {old} times, the new one {new}, {wrong} wrong")
    return wrong


def fill_disk(binary, name, size, steps):
    """A file system that is full at every step."""
    wrong, tries = 0, 0
    for extra in range(0, size + 2 * steps, steps):
        with tempfile.TemporaryDirectory() as point:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size * 2 + 65536}", "tmpfs", point], check=True)
            try:
                trial = Trial(binary, Path(point), name)
                before = trial.whole()
                free = shutil.disk_usage(point).free
                (Path(point) / "filler").write_bytes(bytes(max(0, free - extra)))
                target = next(target for target in trial.targets if target != before)
                done = subprocess.run(trial.command(target), capture_output=True, text=True)
                after, rest = trial.whole(), [name for name in trial.leftovers() if name != "filler"]
                fine = (after == before and done.returncode in (73, 74) or after == target and done.returncode == 0) and not rest
                tries, wrong = tries + 1, wrong + (not fine)
                if not fine:
                    print(f"  {extra} bytes free: exit {done.returncode}, {after}, {rest}, {done.stderr.strip()[:120]}")
            finally:
                subprocess.run(["umount", point], check=True)
    print(f"{name}: a disk full after every {steps} bytes: {tries} times, {wrong} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tmpfs", action="store_true")
    parser.add_argument("--keras-binary", type=Path, default=ROOT / ".build" / "release" / "keras")
    options = parser.parse_args()
    wrong = 0
    for index, name in enumerate(KINDS):
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(options.keras_binary, Path(folder), name)
            count = options.kills // len(KINDS) + (index < options.kills % len(KINDS))
            wrong += kill(trial, count, options.seed + index) + fill(trial, options.steps)
        if options.tmpfs:
            wrong += fill_disk(options.keras_binary, name, trial.size, options.steps)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
