"""Files made to harm, and files cut short, through the command: how long, how much memory, and what else is opened?

    python hostile.py [--keras-binary .build/release/keras] [--prefixes FILE…] [FOLDER…]

Each file of the folders (Fixtures/hostile unless given) must end in a model or a typed error that names it, within `--seconds` and 64 MiB beyond
what a sound file takes and twice its own length. Where strace is there: one file is opened for its content, nothing is executed, no socket made.
With `--prefixes`, every 4 KiB prefix of those files must be refused likewise.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from command import DEFAULT_BINARY, ROOT

# What a process opens to be one.
OF_THE_SYSTEM = re.compile(r"^/(lib|usr/lib|proc|sys|dev)/|^/lib64/|^/etc/(ld\.so|localtime|nsswitch|passwd|ssl|host|gai)|\.so(\.\d+)*$|^/usr/share/(locale|zoneinfo)")
STATUSES = {0: "a model", 65: "malformed", 69: "not supported", 66: "no such input"}
MIB = 1 << 10


def run(arguments):
    """`(status, seconds, peak in KiB, what it said)`: seconds of its own, since others may have the machine, unless it did not end for long."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        waited = time.perf_counter() - start
        seconds = waited if waited > 5 else usage.ru_utime + usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return process.returncode, seconds, usage.ru_maxrss, output.read().decode(errors="replace")


def traced(binary, command, file):
    """How often the file is opened, and what besides it is opened, executed and connected."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-f", "-qq", "-o", log.name, "-e", "trace=open,openat,openat2,execve,execveat,socket,connect", binary, command, file],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = Path(log.name).read_text(errors="replace").splitlines()
    opened, others = 0, []
    for line in lines:
        call = re.search(r'(\w+)\((.*)', line)
        if not call or re.search(r"= -1 E", line):
            continue
        name, rest = call.groups()
        path = re.search(r'"((?:[^"\\]|\\.)*)"', rest)
        if name.startswith("open") and path:
            if os.path.realpath(path[1]) == os.path.realpath(file):
                opened += 1
            elif not OF_THE_SYSTEM.search(path[1]) and not os.path.isdir(path[1]):
                others.append(f"opens {path[1]}")
        elif name in ("execve", "execveat") and path and os.path.realpath(path[1]) == os.path.realpath(shutil.which(str(binary)) or binary):
            pass
        elif name in ("execve", "execveat", "socket", "connect"):
            others.append(line.strip()[:80])
    return opened, others


def check(binary, file, baseline, seconds_allowed):
    status, seconds, peak, said = run([binary, "summary", file])
    problems = []
    if status not in STATUSES:
        problems.append(f"ends with {status}: {said.strip()[-200:]}")
    if status and Path(file).name not in said:
        problems.append(f"the message does not name the file: {said.strip()[:200]}")
    # A model of twenty thousand layers has more to be printed.
    if seconds > (seconds_allowed if status else 10 * seconds_allowed):
        problems.append(f"takes {seconds * 1e3:.0f} ms")
    if peak > baseline + 64 * MIB + 2 * os.path.getsize(file) // 1024:
        problems.append(f"takes {peak // MIB} MiB, a sound file {baseline // MIB}")
    return status, seconds, peak, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--prefixes", nargs="*", type=Path, default=[])
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    binary, counts, failed = options.keras_binary, Counter(), 0
    baseline = run([binary, "summary", ROOT / "Fixtures" / "broken" / "sound.h5"])[2]
    slowest, largest = (0.0, ""), (0, "")
    folders = options.folders or ([] if options.prefixes else [ROOT / "Fixtures" / "hostile"])
    files = sorted(f for folder in folders for f in folder.rglob("*") if f.is_file() and f.suffix in (".h5", ".hdf5", ".keras", ".npy", ".npz", ".json"))
    for file in files:
        # Arrays are no models: the command that reads them says so just as soon.
        status, seconds, peak, problems = check(binary, file, baseline, options.seconds)
        slowest, largest = max(slowest, (seconds, file.name)), max(largest, (peak, file.name))
        if shutil.which("strace"):
            for command in ("summary", "inspect", "weights"):
                opened, others = traced(binary, command, file)
                problems += others + ([f"{command} opens the file {opened} times"] if opened > 1 else [])
            counts["traced"] += 1
        counts[STATUSES.get(status, f"status {status}")] += 1
        failed += bool(problems)
        for problem in problems:
            print(f"{file.name}: {problem}", flush=True)
    cut = 0
    with tempfile.TemporaryDirectory() as scratch:
        for whole in options.prefixes:
            content, file = whole.read_bytes(), Path(scratch) / f"cut{whole.suffix}"
            for length in range(0, len(content), 4096):
                file.write_bytes(content[:length])
                status, seconds, peak, problems = check(binary, file, baseline, options.seconds)
                slowest, largest = max(slowest, (seconds, f"{whole.name} to {length}")), max(largest, (peak, f"{whole.name} to {length}"))
                if status == 0:
                    problems.append("is taken for a model")
                cut += 1
                failed += bool(problems)
                for problem in problems:
                    print(f"{whole.name} to {length}: {problem}", flush=True)
    print(f"{len(files)} files ({', '.join(f'{n} {what}' for what, n in counts.items())}), {cut} prefixes; slowest {slowest[0] * 1e3:.0f} ms ({slowest[1]}), "
          f"largest {largest[0] // MIB} MiB ({largest[1]}), a sound file {baseline // MIB} MiB")
    print(f"{len(files) + cut - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
