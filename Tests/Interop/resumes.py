"""Does `fit --backup` that was killed go on where it was?

    python resumes.py [--kills 200] [--keras-binary .build/release/keras]

A model is trained for some epochs, the command killed again and again at random moments and begun anew with the same words. Each time what was kept
must be at most one epoch behind what was shown, and never behind what was kept before; and what is written in the end must be, byte for byte, what
training at one go writes, with nothing beside it. Only a command that was killed while it cleared its backup, its model written, may leave files
that no epoch refers to: the training after it, which begins anew, has to clear them. Needs nothing but Python.
"""

import argparse
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Fixtures"
EPOCHS = 12


class Run:
    def __init__(self, binary, folder, goal, backup=None):
        command = [str(binary), "fit", str(FIXTURES / "mnist_cnn_k315.h5"), str(FIXTURES / "mnist_test.npz"), "-o", str(goal), "--x", "x_test", "--y", "y_test",
                   "--optimizer", "adam", "--epochs", str(EPOCHS), "--steps-per-epoch", "2", "--batch-size", "8", "--seed", "7"]
        self.shown = 0
        # Where somebody looks at it, the command says which epoch it is at.
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command + (["--backup", str(backup)] if backup else []), stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        self.said = b""
        self.listener = threading.Thread(target=self.listen, args=(ours,))
        self.listener.start()

    def listen(self, terminal):
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            self.said += part
        os.close(terminal)

    def end(self):
        """The exit status, and the epoch that was shown last."""
        status = self.process.wait()
        self.listener.join()
        epochs = re.findall(rb"Epoch (\d+)/", self.said)
        return status, int(epochs[-1]) if epochs else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keras-binary", type=Path, default=ROOT / ".build" / "release" / "keras")
    options = parser.parse_args()
    chance, wrong, killed, whole, most, leaving, leavings = random.Random(options.seed), 0, 0, 0, 0, False, 0
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        start = time.monotonic()
        status, _ = Run(options.keras_binary, work, work / "whole.keras").end()
        took = time.monotonic() - start
        assert status == 0, "the model cannot be trained at all"
        wanted = (work / "whole.keras").read_bytes()
        while killed < options.kills or leaving:
            goal, backup = work / "goal.keras", work / "kept"
            metadata, kept, clearing = backup / "training_metadata.json", 0, False
            while True:
                run = Run(options.keras_binary, work, goal, backup)
                if killed < options.kills:
                    try:
                        run.process.wait(chance.uniform(0, 0.7 * took))
                    except subprocess.TimeoutExpired:
                        run.process.send_signal(signal.SIGKILL)
                status, shown = run.end()
                if status == 0:
                    break
                if status != -signal.SIGKILL:
                    wrong += 1
                    print(f"status {status}: {run.said.decode(errors='replace')[-300:]}")
                    break
                killed += 1
                if goal.exists() and not metadata.exists():
                    # It had done everything, or all but clearing its backup.
                    clearing = True
                    break
                now = json.loads(metadata.read_text())["epoch"] if metadata.exists() else 0
                if now < kept or now < shown - 2:
                    wrong += 1
                    print(f"epoch {shown} was shown and {now} kept, {kept} before")
                most, kept = max(most, shown - 1 - now), now
            whole += 1
            rest = sorted(entry.name for entry in work.iterdir() if entry.name not in ("whole.keras", "goal.keras"))
            # The training after this one has to clear what a kill has kept from being cleared: that is why there is always one more.
            leaving = clearing and rest == [backup.name] and {entry.name for entry in backup.iterdir()} <= {"latest_0.keras", "latest_1.keras"}
            leavings += leaving
            if not goal.exists() or goal.read_bytes() != wanted or (rest and not leaving):
                wrong += 1
                print(f"training {whole}: not what training at one go writes, or left behind: {rest}")
            goal.unlink(missing_ok=True)
    print(f"{killed} kills in {whole} trainings of {EPOCHS} epochs: each went on, at most {max(most, 0)} epochs lost, "
          f"{leavings} killed while clearing and cleared by the next, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
