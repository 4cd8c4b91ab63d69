"""Writes Fixtures/texts: models of real Keras 3.15 that look at text, with what they give, and the buckets that TensorFlow 2.21 puts texts into.

A `.keras` of text_*_keras315.keras goes with the texts and the answers in text_models_keras315.json.
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf

L = keras.layers
goal = pathlib.Path(__file__).resolve().parent.parent / "texts"
goal.mkdir(exist_ok=True)

# Every length at which the hashes change their way, and letters of several bytes.
letters = "abcdefghijklmnopqrstuvwxyz0123456789 éß東京"
texts = ["".join(letters[(i * 7 + n) % len(letters)] for i in range(n)) for n in [*range(0, 70), 96, 97, 127, 128, 129, 200, 1000]]
rows = {"texts": texts, "fast": tf.strings.to_hash_bucket_fast(texts, 2**40).numpy().tolist(),
        "strong": tf.strings.to_hash_bucket_strong(texts, 2**40, key=[133, 7]).numpy().tolist(),
        "crossed": tf.sparse.to_dense(tf.sparse.cross_hashed([tf.constant([[t] for t in texts]), tf.constant([[i - 9] for i in range(len(texts))])], 2**40)).numpy().ravel().tolist(),
        "crossed texts": tf.sparse.to_dense(tf.sparse.cross_hashed([tf.constant([[t] for t in texts]), tf.constant([[t] for t in texts[::-1]])], 2**40)).numpy().ravel().tolist()}
(goal / "hashes_tensorflow221.json").write_text(json.dumps(rows, ensure_ascii=False) + "\n")

sentences = ["The cat sat.", "On the MAT! the dog", "", "a  cat,\tcat's e\u0301té naïve", "東京 the cat"]
keras.utils.set_random_seed(1)


def adapted(layer):
    layer.adapt(np.array(sentences, dtype=object)[:, None])
    return layer


makes = {
    "words": lambda x: adapted(L.TextVectorization())(x),
    "letters": lambda x: adapted(L.TextVectorization(split="character", output_sequence_length=6, standardize="lower"))(x),
    "pairs": lambda x: adapted(L.TextVectorization(ngrams=2, output_mode="count", max_tokens=12, pad_to_max_tokens=True))(x),
    "weighed": lambda x: adapted(L.TextVectorization(output_mode="tf_idf"))(x),
    "mean": lambda x: L.GlobalAveragePooling1D()(L.Embedding(30, 2)(adapted(L.TextVectorization())(x))),
    "lookup": lambda x: L.StringLookup(vocabulary=["The cat sat.", "x"], num_oov_indices=3, mask_token="")(x),
    "hashing": lambda x: L.Hashing(50, salt=[3, 9], mask_value="")(x),
    "back": lambda x: L.StringLookup(vocabulary=["one", "two"], invert=True)(L.StringLookup(vocabulary=["東京 the cat", "The cat sat."])(x)),
}
answers = {}
for name, make in makes.items():
    x = keras.Input((1,), dtype="string")
    model = keras.Model(x, make(x))
    model.save(goal / f"text_{name}_keras315.keras")
    value = model.predict(tf.constant(sentences)[:, None], verbose=0)
    answers[name] = {"shape": list(value.shape), "values": [v.decode() if isinstance(v, bytes) else float(v) for v in value.ravel()]}
(goal / "text_models_keras315.json").write_text(json.dumps({"texts": sentences, "answers": answers}, ensure_ascii=False) + "\n")
print(len(answers), "models")
