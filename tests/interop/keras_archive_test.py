"""Real Keras loads what we write, and we load what real Keras writes.

  pip install keras==3.15.1 jax h5py
  python tests/interop/keras_archive_test.py build/dev/interop_models
"""
import io
import os
import subprocess
import sys
import tempfile
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
import h5py
import keras
import numpy as np
from keras import layers

TOLERANCE = 1e-6  # Of the largest value.


def run(*words):
    subprocess.run([TOOL, *words], check=True)


def deviation(got, want):
    assert got.shape == want.shape, (got.shape, want.shape)
    return float(np.max(np.abs(np.float64(got) - want)) / max(1e-3, np.max(np.abs(want))))


def datasets(path):
    """Every dataset of an archive's weights, and the `name` of every group of variables."""
    with zipfile.ZipFile(path) as archive:
        assert [entry.filename for entry in archive.infolist()] == ["metadata.json", "config.json", "model.weights.h5"]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    found = {}
    file.visititems(lambda name, item: found.update({name: item[()] if isinstance(item, h5py.Dataset)
                                                     else item.attrs.get("name")}))
    return found


def keras_loads_what_we_write(folder):
    run("write", folder)
    for name in ("all_activations", "compiled", "mlp"):
        model = keras.saving.load_model(os.path.join(folder, name + ".keras"))
        data = np.load(os.path.join(folder, name + ".npz"))
        worst = deviation(model.predict(data["x"], verbose=0), data["y"])
        assert worst <= TOLERANCE, (name, worst)
        assert model.name == name
        print(f"ok  Keras predicts {name} as we do, {worst:.1e}")


def keras_gets_the_training_state(folder):
    path = os.path.join(folder, "mlp.keras")
    model = keras.saving.load_model(path)
    stored = datasets(path)
    optimizer = model.optimizer
    assert int(optimizer.iterations) == 41
    assert model.loss == "mean_squared_error"
    config = optimizer.get_config()
    assert abs(config["learning_rate"] - 0.003) < 1e-9 and config["beta_1"] == 0.8, config
    assert len(optimizer.variables) == 2 + 2 * len(model.trainable_variables)
    for i, variable in enumerate(optimizer.variables):
        np.testing.assert_array_equal(np.asarray(variable), stored[f"optimizer/vars/{i}"], err_msg=variable.path)
    names = [variable.path.rsplit("_", 1)[1] for variable in optimizer.variables[2:]]
    assert names == ["momentum", "velocity"] * len(model.trainable_variables), names
    data = np.load(os.path.join(folder, "mlp.npz"))
    history = model.fit(data["x"], data["y"], epochs=1, verbose=0).history
    assert set(history) == {"loss", "accuracy", "mae"}, history
    print("ok  Keras trains on from our optimizer state")


def keras_model(kind):
    keras.utils.clear_session()  # So that the optimizer is called "adam" every time.
    rng = np.random.default_rng(3)
    if kind == "functional":
        x = keras.Input((6,), name="x")
        y = layers.Dropout(0.1)(layers.Dense(8, activation="silu")(x))
        model = keras.Model(x, layers.Dense(1, activation="sigmoid", name="score")(y))
    else:
        model = keras.Sequential([keras.Input((6,), name="x"), layers.Dense(8, activation="gelu"),
                                  layers.Dropout(0.1, seed=4), layers.Dense(1, activation="sigmoid", name="score")])
    model.compile(optimizer=keras.optimizers.Adam(0.01, beta_1=0.85), loss="binary_crossentropy",
                  metrics=["accuracy", "mae"])
    model.fit(rng.normal(size=(64, 6)), rng.integers(0, 2, size=(64, 1)), epochs=2, verbose=0)
    return model


def we_load_what_keras_writes(folder):
    for kind in ("sequential", "functional"):
        model = keras_model(kind)
        path = os.path.join(folder, kind + ".keras")
        again = os.path.join(folder, kind + "_again.keras")
        model.save(path)
        x = np.random.default_rng(4).normal(size=(9, 6)).astype("float32")
        np.savez(os.path.join(folder, "x.npz"), x=x)
        run("predict", path, os.path.join(folder, "x.npz"), os.path.join(folder, "y.npz"))
        worst = deviation(np.load(os.path.join(folder, "y.npz"))["y"], model.predict(x, verbose=0))
        assert worst <= TOLERANCE, (kind, worst)
        run("resave", path, again)
        theirs, ours = datasets(path), datasets(again)
        if kind == "functional":  # A chain is written as a Sequential: no group for the input.
            theirs = {key: value for key, value in theirs.items() if not key.startswith("layers/input_layer")}
        assert theirs.keys() == ours.keys(), theirs.keys() ^ ours.keys()
        for key, value in theirs.items():
            np.testing.assert_array_equal(ours[key], value, err_msg=key)
        back = keras.saving.load_model(again)
        assert deviation(back.predict(x, verbose=0), model.predict(x, verbose=0)) == 0.0
        if kind == "sequential":
            assert back.get_config()["layers"][1]["config"] == model.get_config()["layers"][1]["config"]
        print(f"ok  we predict Keras's {kind} model as it does, {worst:.1e}, and it survives a round trip")


if __name__ == "__main__":
    TOOL = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        keras_loads_what_we_write(temporary)
        keras_gets_the_training_state(temporary)
        we_load_what_keras_writes(temporary)
