"""Is a file ever lost when a call fails, or the process ends there?

    python faults.py [--keras-binary .build/release/keras] [--every N] [--memory]

Files of each kind are written over by the command, which has `faults.c` preloaded. Each call in turn that opens, writes, flushes, closes or
renames the new file fails, once or from then on, with each of four errors; the process is killed at each; and with `--memory` each request for
much memory, and each of zlib and libhdf5, is refused. What stands there afterwards must be the old file or the new one, byte for byte, with
nothing beside it unless the process was killed, and the command must say what went wrong with a status of its own. Through a symbolic link too.
With `--every N` each Nth of these points is tried. Needs a C compiler besides Python.
"""

import argparse
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Fixtures"
MEMORY = ("large", "zlib", "hdf5")
CALLS = ("open", "write", "fsync", "rename", "close", "chmod")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)
# What is written: the goal's name, and two commands that give two contents.
KINDS = {
    "goal.h5": ["convert {mnist} {goal} --to universal", "convert {mnist} {goal} --to keras3"],
    "packed.h5": ["convert {mnist} {goal} --to universal --compress", "convert {mnist} {goal} --to keras3 --compress"],
    "goal.keras": ["convert {mnist} {goal}", "convert {small} {goal}"],
    "goal.weights.h5": ["convert {mnist} {goal}", "convert {small} {goal}"],
    "goal.json": ["convert {mnist} {goal}", "convert {small} {goal}"],
    "goal.safetensors": ["convert {mnist} {goal}", "convert {small} {goal}"],
    "goal.onnx": ["convert {mnist} {goal}", "convert {small} {goal}"],
    "goal.npy": ["convert {cube} {goal}", "convert {axes} {goal}"],
    "goal.npz": ["convert {cube} {goal}", "convert {axes} {goal}"],
}
SOURCES = {
    "mnist": FIXTURES / "mnist_cnn_k315.h5", "small": FIXTURES / "generations" / "k315_seq.h5",
    "cube": FIXTURES / "numpy" / "cube.npy", "axes": FIXTURES / "numpy" / "axes.npy",
}


class Trial:
    def __init__(self, binary, shim, folder, name, is_link):
        self.binary, self.shim, self.folder = binary, shim, folder
        self.file = folder / name
        self.goal = folder / ("link." + name.split(".", 1)[1]) if is_link else self.file
        if is_link:
            self.goal.symlink_to(self.file)
        self.states, self.copies = [], []
        for number, command in enumerate(KINDS[name]):
            subprocess.run(self.command(command), check=True, capture_output=True)
            self.states.append(self.file.read_bytes())
            self.copies.append(folder.with_name(f"{folder.name}_{number}_{name}"))
            self.copies[-1].write_bytes(self.states[-1])
        os.chmod(self.file, 0o640)
        self.commands = KINDS[name]
        self.now = 1
        self.deaths = 0

    def command(self, text):
        return [str(self.binary), *(word.format(goal=self.goal, **SOURCES) for word in text.split())]

    def run(self, call, nth, code=0, lasts=False, count=None):
        """Writes the other content with a fault; what is wrong with the outcome, if anything. libhdf5 does not survive every refusal of memory,
        and ends the process: that is counted, and no file may be lost by it."""
        before, target = self.now, 1 - self.now
        environment = {
            **os.environ, "LD_PRELOAD": str(self.shim), "FAULT_CALL": call, "FAULT_NTH": str(nth), "FAULT_ERRNO": str(code),
            "FAULT_LASTS": str(int(lasts)), "SWIFT_BACKTRACE": "enable=no", **({"FAULT_COUNT": str(count)} if count else {}),
        }
        done = subprocess.run(self.command(self.commands[target]), capture_output=True, text=True, env=environment, timeout=60)
        found = self.file.read_bytes() if self.file.exists() else b""
        rest = [entry.name for entry in self.folder.iterdir() if entry not in (self.file, self.goal)]
        if found == self.states[target]:
            self.now = target
        elif found != self.states[before]:
            if call not in MEMORY or not self.is_less_packed(target):
                return f"lost: {len(found)} bytes"
            self.now = target
            self.file.write_bytes(self.states[target])
        if self.goal.is_symlink() != (self.goal != self.file):
            return "the link is gone"
        if self.file.stat().st_mode & 0o777 != 0o640:
            return f"permissions {self.file.stat().st_mode & 0o777:o}"
        if done.returncode == -9 and code == 0:
            return None
        if call == "hdf5" and (done.returncode < 0 or done.returncode == 255 and not done.stderr):
            self.deaths += 1
            for name in rest:
                (self.folder / name).unlink()
            return None
        if rest:
            return f"left behind: {rest}"
        if done.returncode == 0:
            return None if self.now == target else "it says that it wrote the file"
        if done.returncode < 0 or done.returncode not in (65, 73, 74) or not done.stderr.strip():
            return f"status {done.returncode}: {done.stderr.strip()[:100]}"
        return None

    def is_less_packed(self, target):
        """Where zlib gets no memory, libhdf5 keeps a chunk as it is: the file is the new one, but longer."""
        same = [str(self.binary), "diff", str(self.file), str(self.copies[target])]
        return self.file.name == "packed.h5" and self.file.exists() and subprocess.run(same, capture_output=True).returncode == 0


def points(trial, scratch, call):
    """How many calls of this kind a save makes."""
    assert trial.run(call, 0, count=scratch) is None
    return int(scratch.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras-binary", type=Path, default=ROOT / ".build" / "release" / "keras")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="refuse memory too: thousands of points")
    options = parser.parse_args()
    wrong, all_points, killed, deaths = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        shim = work / "faults.so"
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", shim, Path(__file__).with_name("faults.c"), "-ldl"], check=True)
        tried = 0
        for name in KINDS:
            for is_link in (False, True):
                folder = work / (name + ("_link" if is_link else ""))
                folder.mkdir()
                trial = Trial(options.keras_binary, shim, folder, name, is_link)
                plan = []
                if not is_link and options.memory:
                    plan += [(call, nth, errno.ENOMEM, lasts) for call in MEMORY for nth in range(1, points(trial, work / "count", call) + 1)
                             for lasts in (False, True)]
                for call in CALLS:
                    for nth in range(1, points(trial, work / "count", call) + 1):
                        plan += [(call, nth, code, lasts) for code in ERRORS for lasts in (False, True)]
                        plan.append((call, nth, 0, False))
                for call, nth, code, lasts in plan:
                    tried += 1
                    if tried % options.every:
                        continue
                    outcome = trial.run(call, nth, code, lasts)
                    all_points, killed = all_points + 1, killed + (code == 0)
                    if outcome:
                        wrong += 1
                        print(f"  {name}{' by a link' if is_link else ''}: {call} {nth} "
                              f"{errno.errorcode.get(code, 'killed')}{' lasting' if lasts else ''}: {outcome}")
                        for entry in folder.iterdir():
                            if entry not in (trial.file, trial.goal):
                                entry.unlink()
                deaths += trial.deaths
                # What a killed process left is cleared by the next save.
                outcome = trial.run("open", 0)
                rest = [entry.name for entry in folder.iterdir() if entry not in (trial.file, trial.goal)]
                if outcome or rest:
                    wrong += 1
                    print(f"  {name}: after a save that succeeds {outcome} {rest}")
    print(f"{all_points} faults, {killed} of them kills: {wrong} wrong; libhdf5 ended the process for want of memory {deaths} times, without loss")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
