"""Makes the archives and predictions of this folder that scoring_mlp.* do not cover, with real Keras.

  pip install keras==3.15.1 jax h5py && KERAS_BACKEND=jax python tests/golden/keras/generate.py

NAME.keras with NAME.npz (x, y): what Keras saved and what it predicts. layouts.h5 with layouts.npz: the
same numbers in the storage layouts of HDF5. The archives hold the time they were made, so a second run
gives other bytes and equal content.
"""
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import h5py
import keras
import numpy as np
from keras import layers

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)


def save(name, model, width):
    for weight in model.weights:
        weight.assign(rng.normal(0.0, 0.5, weight.shape).astype("float32"))
    x = rng.uniform(-3.0, 3.0, (9, width)).astype("float32")
    model.save(os.path.join(HERE, name + ".keras"))
    np.savez(os.path.join(HERE, name + ".npz"), x=x, y=model.predict(x, verbose=0))


def activations():
    names = ["linear", "relu", "gelu", "swish", "sigmoid", "tanh"]
    model = keras.Sequential([keras.Input((5,), name="x")], name="activations")
    for i, name in enumerate(names):
        model.add(layers.Dense(7 + i, activation=name, use_bias=i % 2 == 0, name=f"after_{name}"))
    model.add(layers.Dense(3))
    save("activations", model, 5)


def functional_chain():
    x = keras.Input((6,), name="x")
    second = layers.Dense(4, activation="tanh", name="second")
    y = layers.Dense(8, activation="relu", name="first")(x)
    y = layers.Dropout(0.25, seed=3, name="drop")(y)
    save("functional_chain", keras.Model(x, second(y), name="chain"), 6)


def functional_branch():
    x = keras.Input((4,), name="x")
    y = layers.Dense(3, name="a")(x)
    z = layers.Dense(3, name="b")(x)
    keras.Model(x, [y, z]).save(os.path.join(HERE, "functional_branch.keras"))


def layouts():
    values = rng.normal(size=(30, 17)).astype("float32")
    integers = np.array([-5, 0, 7], dtype="int64")
    for name, libver in (("layouts", ("earliest", "v108")), ("layouts_latest", ("latest", "latest"))):
        with h5py.File(os.path.join(HERE, name + ".h5"), "w", libver=libver) as f:
            f.attrs["title"] = "layouts"
            f.create_dataset("contiguous", data=values)
            f.create_dataset("double", data=values.astype("float64"))
            f.create_dataset("big_endian", data=values.astype(">f4"))
            f.create_dataset("scalar", data=np.float32(2.5))
            f.create_dataset("empty", data=np.zeros((0, 4), dtype="float32"))
            for kind in ("<i8", ">i4", "<i2", "|i1"):
                f.create_dataset("integers/" + kind[1:], data=integers.astype(kind))
            f.create_dataset("integers/u4", data=np.array([4000000000], dtype="<u4"))
            group = f.create_group("a/b/c")
            group.attrs["name"] = "caf\u00e9"
            group.attrs["fixed"] = np.bytes_("fixed")
            compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            compact.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple((2, 3))
            dataset = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, space, dcpl=compact)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values[:2, :3].copy())
            if name == "layouts":
                f.create_dataset("chunked", data=values, chunks=(7, 5))
                f.create_dataset("deflated", data=values, chunks=(7, 17), compression="gzip", shuffle=True,
                                 fletcher32=True)
            for i in range(40):
                f.create_dataset(f"many/member_{i:02d}", data=np.float32(i))
    np.savez(os.path.join(HERE, "layouts.npz"), values=values)


activations()
functional_chain()
functional_branch()
layouts()
