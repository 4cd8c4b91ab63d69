"""Learning rates of every schedule, by Keras 3 (`keras3`) and tf_keras (`tf.keras`).

    python schedules.py ../training/schedules_k315_tfk221.json

Each case: a schedule as a file says it, and its rates at some steps, those on its edges among them.
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tf_keras

STEPS = [*range(41), 69, 70, 71, 99, 100, 101, 150, 999, 1000, 12345]
CASES = [
    *((name, {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": rate, "staircase": stairs})
      for name in ("ExponentialDecay", "InverseTimeDecay") for rate, stairs in [(0.5, False), (0.96, True)]),
    ("InverseTimeDecay", {"initial_learning_rate": 0.01, "decay_steps": 1, "decay_rate": 0.001}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 2.0, "cycle": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.2, "decay_steps": 7, "power": 0.5}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 30], "values": [0.1, 0.05, 0.001]}),
    ("PiecewiseConstantDecay", {"boundaries": [5], "values": [1.0, 0.5]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30}), ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "alpha": 0.2}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 30, "warmup_target": 0.1, "warmup_steps": 10, "alpha": 0.1}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.9}),
]

found = []
for rules, library in (("keras3", keras), ("tf.keras", tf_keras)):
    for name, settings in CASES:
        schedule = getattr(library.optimizers.schedules, name)(**settings)
        found.append({"rules": rules, "json": library.optimizers.schedules.serialize(schedule), "steps": STEPS, "rates": [float(schedule(s)) for s in STEPS]})
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in found) + "\n]\n")
print(len(found), "cases")
