"""Cleveland and MADELON: read where they lie, never copied into the project."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.io

from benchmarks.common.motif_tables import DATA

#: The columns of MADELON that carry the classes: 5 informative ones and 15 combinations of them.
PLANTED = (28, 48, 64, 105, 128, 153, 241, 281, 318, 336)
PLANTED += (338, 378, 433, 442, 451, 453, 455, 472, 475, 493)


class Cleveland(NamedTuple):
    """297 complete patients; disease 0 to 4; the gates that were published."""

    X: pd.DataFrame
    y: np.ndarray
    published: np.ndarray
    """(100, 13): a row sums to 1."""


def cleveland() -> Cleveland:
    folder = DATA / "cleveland_gates"
    names = (folder / "attributes").read_text().strip().split(",")
    table = pd.read_csv(folder / "processed.cleveland.data", header=None, na_values="?").dropna()
    published = pd.read_csv(folder / "output_weights.csv", header=None).to_numpy()
    X = table.iloc[:, :-1].set_axis(names, axis=1).astype(np.float64)
    return Cleveland(X, table.iloc[:, -1].to_numpy(dtype=np.int64), published)


def madelon() -> tuple[np.ndarray, np.ndarray]:
    found = scipy.io.loadmat(DATA / "madelon" / "madelon.mat")
    return found["X"].astype(np.float32), (found["Y"].ravel() > 0).astype(np.int64)


def present() -> bool:
    """Whether the tables are here."""
    return (DATA / "cleveland_gates").is_dir() and (DATA / "madelon").is_dir()
