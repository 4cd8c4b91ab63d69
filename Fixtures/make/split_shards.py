"""Weights over several files, a layer's among them: Keras 3.10 names only the file where a layer begins, and finds no such layer again.

    KERAS_BACKEND=tensorflow python split_shards.py ../old      # with Keras 3.10.0

Writes k310_split.json (the architecture), k310_split.weights.json, k310_split_0000N.weights.h5, and k310_split.npz with an input and the output.
"""

import sys
from pathlib import Path

import keras
import numpy as np

assert keras.__version__ == "3.10.0", keras.__version__
keras.utils.set_random_seed(310)
folder = Path(sys.argv[1])
layers = [keras.layers.Dense(4, bias_initializer="uniform"), keras.layers.Dense(5, bias_initializer="uniform")]
model = keras.Sequential([keras.Input((6,)), *layers])
(folder / "k310_split.json").write_text(model.to_json())
# The first kernel takes 96 bytes and its bias 16, the second 80 and 20: three files, of which the index names two.
model.save_weights(folder / "k310_split.weights.json", max_shard_size=100 / 1024**3)
x = np.random.default_rng(310).normal(size=(3, 6)).astype("float32")
np.savez(folder / "k310_split.npz", in0=x, out0=model.predict(x, verbose=0))
