"""Weights of Keras against a literal forward pass of its layers, channels last."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_deeplifft import networks
from sklearn_deeplifft.datasets import make_billboard_sequences
from sklearn_deeplifft.sequences import SequenceEncoder

h5py = pytest.importorskip("h5py", reason="Keras weights need the extra sequences")

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")

L, K = 23, 4
CONV = {"strides": [1], "dilation_rate": [1], "padding": "same", "data_format": "channels_last"}


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, **config}}


LAYERS = [
    layer("Conv1D", "conv", filters=5, kernel_size=[4], activation="relu",
          batch_input_shape=[None, L, K], **CONV),
    layer("BatchNormalization", "norm", epsilon=1e-3),
    layer("Activation", "exp", activation="exponential"),
    layer("MaxPooling1D", "pool", pool_size=[3], strides=[3], padding="valid"),
    layer("Conv1D", "valid", filters=6, kernel_size=[3], activation="linear",
          **{**CONV, "padding": "valid"}),
    layer("Flatten", "flat"),
    layer("Dense", "dense", units=7, activation="relu"),
    layer("Dropout", "drop", rate=0.5),
    layer("Dense", "out", units=2, activation="linear"),
    layer("Activation", "end", activation="sigmoid"),
]  # fmt: skip

SHAPES = {
    "conv": {"kernel": (4, K, 5), "bias": (5,)},
    "norm": {"gamma": (5,), "beta": (5,), "moving_mean": (5,), "moving_variance": (5,)},
    "exp": {},
    "valid": {"kernel": (3, 5, 6), "bias": (6,)},
    "flat": {},
    "dense": {"kernel": (30, 7), "bias": (7,)},
    "out": {"kernel": (7, 2), "bias": (2,)},
}


def write(path, shapes=SHAPES, config=None):
    """Write a file as Keras 2 does; returns its arrays."""
    rng = np.random.default_rng(0)
    arrays = {}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in shapes]
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        for name, parts in shapes.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in parts]
            for part, shape in parts.items():
                value = rng.normal(size=shape) / 3
                value = np.abs(value) + 0.5 if part == "moving_variance" else value
                arrays[name, part] = value.astype(np.float32)
                group[f"{name}/{part}:0"] = arrays[name, part]
    return arrays


def convolved(x, kernel, bias):
    """x (L, in), kernel (width, in, out), no padding."""
    n = len(x) - len(kernel) + 1
    return np.array([np.tensordot(x[i : i + len(kernel)], kernel, 2) + bias for i in range(n)])


def oracle(x, w):
    """Logits of one sequence (L, K)."""
    # Of an even width Keras pads one position less on the left.
    x = convolved(np.pad(x, ((1, 2), (0, 0))), w["conv", "kernel"], w["conv", "bias"])
    x = np.maximum(x, 0)
    scale = w["norm", "gamma"] / np.sqrt(w["norm", "moving_variance"] + 1e-3)
    x = np.exp((x - w["norm", "moving_mean"]) * scale + w["norm", "beta"])
    x = np.array([x[i : i + 3].max(0) for i in range(0, len(x) - 2, 3)])
    x = convolved(x, w["valid", "kernel"], w["valid", "bias"]).reshape(-1)
    x = np.maximum(x @ w["dense", "kernel"] + w["dense", "bias"], 0)
    return x @ w["out", "kernel"] + w["out", "bias"]


def sequences(n=4):
    return np.eye(K)[np.random.default_rng(1).integers(K, size=(n, L))]


FUNCTIONAL = [
    layer("InputLayer", "input", batch_input_shape=[None, L, K]) | {"inbound_nodes": []},
    *(
        {"class_name": part["class_name"],
         "config": {k: v for k, v in part["config"].items() if k != "batch_input_shape"},
         "inbound_nodes": [[[before, 0, 0, {}]]]}
        for part, before in zip(
            LAYERS, ["input", *(part["config"]["name"] for part in LAYERS)], strict=False
        )
    ),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("where", ["beside", "given", "inside", "functional"])
def test_outputs_are_those_of_keras(tmp_path, where):
    path = tmp_path / "a_modelWeights.h5"
    config = {"class_name": "Sequential", "config": LAYERS}
    if where == "functional":
        config = {"class_name": "Model", "config": {"name": "m", "layers": FUNCTIONAL}}
    w = write(path, config=None if where in ("beside", "given") else config)
    if where in ("beside", "given"):
        name = "a_modelJson.json" if where == "beside" else "other.json"
        (tmp_path / name).write_text(json.dumps(config))
    network = networks.from_keras(
        path, config=tmp_path / "other.json" if where == "given" else None
    )
    assert not network.training
    X = sequences()
    z = network.double()(torch.as_tensor(X).flatten(1)).detach().numpy()
    np.testing.assert_allclose(z, [oracle(x, w) for x in X], rtol=1e-5, atol=1e-6)


def test_published_networks_are_known_by_their_shapes(tmp_path):
    norm = dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"))
    shapes = {
        "conv1d": {"kernel": (19, 4, 24), "bias": (24,)},
        "batch_normalization": dict.fromkeys(norm, (24,)),
        "conv1d_1": {"kernel": (3, 24, 48), "bias": (48,)},
        "batch_normalization_1": dict.fromkeys(norm, (48,)),
        "dense": {"kernel": (96, 96), "bias": (96,)},
        "batch_normalization_2": dict.fromkeys(norm, (96,)),
        "dense_1": {"kernel": (96, 1), "bias": (1,)},
    }
    path = tmp_path / "weights.h5"
    w = write(path, shapes)
    with pytest.raises(ValueError, match=r"nor does the name of 'weights.h5'; pass activation="):
        networks.from_keras(path)
    network = networks.from_keras(path, activation="exponential")
    assert type(network.activation1).__name__ == "Exponential"
    assert network.length == 200
    kernel = w["dense", "kernel"].reshape(2, 48, 96)
    np.testing.assert_array_equal(network.dense.weight.detach().view(96, 48, 2)[3, 5, 1],
                                  kernel[1, 5, 3])  # fmt: skip
    with pytest.raises(ValueError, match=r"dense kernel \(96, 96\).*Linear expected.*\(96, 144\)"):
        networks.from_keras(path, activation="relu", length=350)


def broken(tmp_path, **changes):
    """A file and the configuration of another network."""
    layers = [
        {**part, "config": {**part["config"], **changes.get(part["config"]["name"], {})}}
        for part in LAYERS
    ]
    write(tmp_path / "a.h5")
    (tmp_path / "a.json").write_text(json.dumps({"config": layers}))
    return tmp_path / "a.h5"


CHANGES = {
    "filters": ({"conv": {"filters": 6}}, "of another network: conv kernel"),
    "activation": ({"exp": {"activation": "gelu"}}, "'exp' has activation='gelu', which is none"),
    "padding": ({"pool": {"padding": "same"}}, "'pool' has padding='same'; known here is 'valid'"),
    "format": ({"conv": {"data_format": "channels_first"}}, "data_format='channels_first'"),
    "images": ({"conv": {"batch_input_shape": [None, 8, 8, 3]}}, "not describe a network of seq"),
    "length": ({"conv": {"batch_input_shape": [None, None, 4]}}, "how long a sequence is; pass"),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize(("changes", "message"), CHANGES.values(), ids=CHANGES)
def test_configurations_of_other_networks_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        networks.from_keras(broken(tmp_path, **changes))


def test_files_that_hold_something_else_are_refused(tmp_path):
    path = tmp_path / "a_relu.h5"
    with pytest.raises(FileNotFoundError, match="there is no file"):
        networks.from_keras(path)
    path.write_text("no such thing")
    with pytest.raises(ValueError, match="is no HDF5 file"):
        networks.from_keras(path)
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ValueError, match="no weights in the layout of Keras 2"):
        networks.from_keras(path)
    write(path, {"dense": {"kernel": (3, 2), "bias": (2,)}})
    with pytest.raises(ValueError, match="which is neither of the published networks; pass config"):
        networks.from_keras(path)
    (tmp_path / "c.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"c.json' is no configuration of a Keras model"):
        networks.from_keras(path, config=tmp_path / "c.json")
    lstm = [{"class_name": "LSTM", "config": {"name": "l", "batch_input_shape": [None, 5, 4]}}]
    (tmp_path / "c.json").write_text(json.dumps({"config": lstm}))
    with pytest.raises(ValueError, match="'l' is a LSTM, which is not known here; known are Input"):
        networks.from_keras(path, config=tmp_path / "c.json")
    branch = [*FUNCTIONAL[:2], {**FUNCTIONAL[2], "inbound_nodes": [[["input", 0, 0, {}]]]}]
    (tmp_path / "c.json").write_text(json.dumps({"config": {"layers": branch}}))
    with pytest.raises(ValueError, match=r"'norm' of .* does not read the one layer before it"):
        networks.from_keras(path, config=tmp_path / "c.json")


def auroc(z, y):
    """The share of pairs in order."""
    order = np.argsort(np.argsort(z)) + 1.0
    n = y.sum()
    return (order[y == 1].sum() - n * (n + 1) / 2) / (n * (len(y) - n))


@needs_data
@pytest.mark.slow
def test_the_network_of_deeplift_answers_as_published():
    folder = DATA / "deeplift_sim"
    network = networks.from_keras(next(folder.glob("*.h5")))
    with gzip.open(folder / "test.txt.gz", "rt") as file:
        wanted = set(file.read().split())
    with gzip.open(folder / "sequences.simdata.gz", "rt") as file:
        found = [line.rstrip("\n").split("\t") for line in file]
    found = [row for row in found if row[0] in wanted]
    X = torch.as_tensor(SequenceEncoder().fit_transform([row[1] for row in found]))
    with torch.no_grad():
        z = network(X).numpy()
    y = np.array([row[3:6] for row in found]).astype(int)
    assert len(y) == 800
    scores = [round(float(auroc(z[:, k], y[:, k])), 3) for k in range(3)]
    assert scores == [0.989, 0.988, 0.997]


def matrices():
    """Matrices of JASPAR 2016, as the generator of the published networks read them."""
    found = {}
    with gzip.open(DATA / "jaspar2016_pfm" / "pfm_vertebrates.txt.gz", "rt") as file:
        for line in file:
            if line.startswith(">"):
                name = line.split()[1]
                found[name] = []
            elif line.strip():
                found[name].append(line.replace("[", " ").replace("]", " ").split()[1:])
    return {name: np.array(rows, dtype=float) for name, rows in found.items()}


@needs_data
@pytest.mark.slow
def test_the_eight_published_networks_tell_the_classes_apart():
    motifs = matrices()
    core = {name: motifs[name] for name in ("SP1", "Gabpa", "CEBPB", "MAX", "YY1")}
    others = np.random.RandomState(22).permutation(list(motifs))[:50]
    data = make_billboard_sequences(
        core, {name: motifs[name] for name in others}, 400, 200, random_state=22
    )
    X = torch.as_tensor(data.X).float()
    paths = sorted((DATA / "gradient_correction_weights").glob("*.h5"))
    assert len(paths) == 8
    for path in paths:
        network = networks.from_keras(path)
        with torch.no_grad():
            z = network(X)[:, 0].numpy()
        assert auroc(z, data.y) > 0.88, path.name
