"""A process that has imported one Keras and runs scripts in copies of itself: TensorFlow takes ten seconds of a processor to import, and `run.py`
has a dozen scripts for each Keras.

What a script sets in the environment before TensorFlow is imported comes too late here; `saving.py`, which does, is run apart.
"""

import multiprocessing
import os
import runpy
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Warm:
    """Runs scripts with a Keras that is already there."""

    def __init__(self, keras):
        context = multiprocessing.get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.server = context.Process(target=serve, args=(keras, theirs), daemon=True)
        self.server.start()
        theirs.close()

    def run(self, script, arguments, output):
        """The script's exit status; what it says goes into the file `output`."""
        self.ours.send((str(script), list(map(str, arguments)), str(output)))
        return self.ours.recv()

    def close(self):
        self.ours.close()
        self.server.join()


def serve(keras, requests):
    """Imports a Keras, and answers until nobody asks."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(HERE))
    from kerases import imported

    imported(keras)
    while True:
        try:
            script, arguments, output = requests.recv()
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            run(script, arguments, output)
        status = os.waitpid(child, 0)[1]
        requests.send(os.waitstatus_to_exitcode(status))


def run(script, arguments, output):
    """In the copy: the script as if Python had been called with it. Never returns."""
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    status = 1
    try:
        sys.argv = [script, *arguments]
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
