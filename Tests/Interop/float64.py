"""The same model in float64: the reference that both Kerases and the Swift command are measured against."""


def in_float64(keras, model):
    """Rebuilds `model` with every layer in float64 and the same weights.

    A dtype stands in a config as the string "float32", alone or as a policy's name, so replacing that string reaches
    every generation's way of saying it, nested models and all.
    """
    text = model.to_json().replace('"float32"', '"float64"')
    before = keras.backend.floatx()
    keras.backend.set_floatx("float64")
    try:
        double = keras.models.model_from_json(text)
        double.set_weights(model.get_weights())
    finally:
        keras.backend.set_floatx(before)
    return double
