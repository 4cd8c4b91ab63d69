"""A process that answers lines: ours (`KerasBench serve`) or a peer's (Sources/KerasTool/Peers/peer.py)."""

import json
import os
import select
import subprocess
import tempfile

SECONDS_ALLOWED = 300


class Failed(Exception):
    """The engine could not do what it was asked."""


class Engine:
    def __init__(self, name, command):
        self.name, self.noise = name, tempfile.TemporaryFile()
        environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "KERAS_NUM_THREADS")}
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.noise, env=environment)

    @property
    def is_gone(self):
        return self.process.poll() is not None

    def ask(self, line):
        """The answer to a line."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed(self.last_words()) from None
        if not select.select([self.process.stdout], [], [], SECONDS_ALLOWED)[0]:
            self.process.kill()
            raise Failed(f"{self.name} gave no answer in {SECONDS_ALLOWED} s")
        text = self.process.stdout.readline()
        if not text:
            raise Failed(self.last_words())
        answer = json.loads(text)
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']}")
        return answer

    def last_words(self):
        self.process.wait(10)
        self.noise.seek(0)
        lines = self.noise.read().decode(errors="replace").strip().splitlines()
        return f"{self.name} ended: {lines[-1] if lines else self.process.returncode}"

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
