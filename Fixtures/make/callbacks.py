"""What Keras 3's progress bar writes, and what its callbacks do, epoch by epoch.

    python callbacks.py ../training/callbacks_k315.json
"""
import json
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras.src.utils import io_utils, progbar

written = []
io_utils.print_msg = lambda message, line_break=True: written.append(message + ("\n" if line_break else ""))


class Clock:
    now = 1000.0

    @staticmethod
    def time():
        return Clock.now


progbar.time = Clock

BARS = [
    (10, 1, 0.1, [("loss", 0.5), ("accuracy", 0.25)]), (3, 1, 0.001, [("loss", 1e-5)]), (1875, 1, 0.0021, [("accuracy", 0.1), ("loss", 2.3)]),
    (1, 1, 2.5, [("loss", -0.5)]), (120, 1, 75.0, [("loss", float("nan"))]), (7, 1, 11.0, []), (5, 1, 0.06, [("loss", 123456.789)]),
    (10, 2, 0.1, [("loss", 0.5), ("accuracy", 0.0)]), (1875, 2, 0.0021, [("loss", -2.0)]), (1, 2, 1.4, [("loss", float("inf"))]), (25, 2, 0.00004, []),
]


def bars():
    for target, verbose, seconds, values in BARS:
        Clock.now = 1000.0
        bar = progbar.Progbar(target, verbose=verbose, stateless_metrics=set())
        bar._dynamic_display = True
        updates = []
        for step in range(1, min(target, 12) + 1):
            Clock.now += 3 * seconds if step == 1 else seconds
            written.clear()
            shown = [(name, value / step) for name, value in values]
            if verbose == 1:
                bar.update(step, shown, finalize=False)
            updates.append({"step": step, "now": Clock.now - 1000, "last": False, "text": "".join(written)})
        written.clear()
        Clock.now += 0.5
        bar.update(target, [(name, value / 2) for name, value in values] + [("val_loss", 0.75)], finalize=True)
        updates.append({"step": target, "now": Clock.now - 1000, "last": True, "text": "".join(written)})
        yield {"target": target, "verbose": verbose, "values": [[n, v] for n, v in values], "updates": updates}


class Model:
    """As much of one as callbacks ask for."""
    metrics = ()

    def __init__(self):
        self.stop_training, self.epoch, self.restored = False, None, None
        self.optimizer = keras.optimizers.SGD(0.1)

    def get_weights(self):
        return self.epoch

    def set_weights(self, epoch):
        self.restored = epoch


FIGURES = [
    [1.0, 0.9, 0.8, 0.85, 0.79, 0.8, 0.81, 0.82, 0.83, 0.7], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [0.5, 0.4, 0.6, 0.7, 0.3, 0.8, 0.8, 0.8, 0.8],
    [0.3, 0.2999, 0.29985, 0.2998, 0.29975], [float("nan"), 0.5, float("nan"), 0.4, 0.6, 0.6],
]
STOPS = [{}, {"patience": 2}, {"patience": 3, "min_delta": 0.05}, {"patience": 1, "baseline": 0.75}, {"patience": 2, "start_from_epoch": 3},
         {"patience": 2, "mode": "max"}]
PLATEAUS = [{"patience": 1}, {"patience": 2, "factor": 0.5, "cooldown": 2}, {"patience": 1, "factor": 0.1, "min_lr": 0.005},
            {"patience": 0, "mode": "max", "min_delta": 0.0}]


def stops():
    for settings in STOPS:
        for figures in FIGURES:
            model = Model()
            callback = keras.callbacks.EarlyStopping(restore_best_weights=True, verbose=1, **settings)
            callback.set_model(model)
            callback.on_train_begin()
            written.clear()
            for epoch, value in enumerate(figures):
                model.epoch = epoch
                callback.on_epoch_end(epoch, {"val_loss": value})
                if model.stop_training:
                    break
            callback.on_train_end()
            yield {"settings": settings, "figures": figures, "stopped": epoch if model.stop_training else None, "restored": model.restored,
                   "text": "".join(written)}


def plateaus():
    for settings in PLATEAUS:
        for figures in FIGURES:
            model, rates = Model(), []
            callback = keras.callbacks.ReduceLROnPlateau(verbose=1, **settings)
            callback.set_model(model)
            callback.on_train_begin()
            written.clear()
            for epoch, value in enumerate(figures):
                callback.on_epoch_end(epoch, {"val_loss": value})
                rates.append(float(model.optimizer.learning_rate))
            yield {"settings": settings, "figures": figures, "rates": rates, "text": "".join(written)}


LOGS = [
    [{"loss": 0.5, "accuracy": 0.25}, {"loss": 1e-05, "accuracy": 1.0}],
    [{"val_loss": 0.1, "loss": 12345678.9, "val_a,b": 3.0}, {"loss": float("nan"), "val_loss": 1e22, "val_a,b": float("inf")}],
]


def tables():
    for logs in LOGS:
        for separator in (",", ";"):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "log.csv")
                for append in (False, True):
                    callback = keras.callbacks.CSVLogger(path, separator=separator, append=append)
                    callback.set_model(Model())
                    callback.on_train_begin()
                    for epoch, figures in enumerate(logs):
                        callback.on_epoch_end(epoch, figures)
                    callback.on_train_end()
                with open(path, newline="") as file:
                    yield {"logs": [list(map(list, f.items())) for f in logs], "separator": separator, "twice": file.read()}


def ends(batches, frequency):
    callback = keras.callbacks.ModelCheckpoint("x.keras", save_freq=frequency)
    return [callback._should_save_on_batch(batch) for batch in batches]


counts = [{"batches": b, "frequency": f, "saves": ends(b, f)} for b in ([0, 1, 2, 3, 4] * 3, [0, 1, 2] * 4) for f in (1, 2, 4, 7)]
found = {"bars": list(bars()), "stops": list(stops()), "plateaus": list(plateaus()), "tables": list(tables()), "counts": counts}
with open(sys.argv[1], "w") as file:
    file.write(json.dumps(found).replace('}, {"', '},\n{"') + "\n")
print({key: len(value) for key, value in found.items()})
