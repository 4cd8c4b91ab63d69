"""Whether real Keras loads given files: one Keras for many, each file in a child process of its own, called by `compatibility.py`.

    python loads.py keras|tf_keras JOBS.json SECONDS

Plain Python 3.7, for Keras 1 and 2.

A job is `{"file", "kind", "out"}`. What is written to `out`: whether it loads as it is and with `compile=False`, and what Keras says where it
does not. No new file is begun after so many seconds.
"""

import importlib
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SECONDS_FOR_A_FILE = 60


def attempt(load):
    """What went wrong, or nothing."""
    try:
        load()
        return ""
    except Exception as problem:
        return f"{type(problem).__name__}: {' '.join(str(problem).split())[:400]}"


def ask(keras, file, kind):
    if kind == "text":
        read = getattr(keras.models, "model_from_yaml", None) if file.endswith(".yaml") else None
        problem = attempt(lambda: (read or keras.models.model_from_json)(Path(file).read_text()))
        return {"loads": not problem, "compiled": not problem, "problem": problem}
    compiled = attempt(lambda: keras.models.load_model(file))
    problem = compiled and attempt(lambda: keras.models.load_model(file, compile=False))
    return {"loads": not problem, "compiled": not compiled, "problem": problem or compiled}


def main(name, jobs, seconds):
    warnings.filterwarnings("ignore")
    keras = importlib.import_module(name)
    start = time.monotonic()
    for job in json.loads(Path(jobs).read_text()):
        if time.monotonic() - start > float(seconds):
            break
        child = os.fork()
        if child:
            status = os.waitpid(child, 0)[1]
            if status:
                answer = {"loads": False, "compiled": False, "problem": f"ended by signal {os.WTERMSIG(status)}"}
                Path(job["out"]).write_text(json.dumps(answer))
            continue
        signal.alarm(SECONDS_FOR_A_FILE)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        answer = ask(keras, job["file"], job["kind"])
        Path(job["out"]).write_text(json.dumps(answer))
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
