"""A table split into training and test rows, both encoded by what the training rows hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from sklearn_deeplifft.cli._table import Table

__all__ = ["Parts", "encode", "source_columns", "split"]

TEST_SHARE = 0.3


@dataclass(frozen=True)
class Parts:
    """Training and test rows; columns of numbers, one for each level of a category."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray
    blocks: list[list[str]]
    """Columns of each category: exactly one of them is 1 in every training row."""


def split(table: Table, seed: int) -> Parts:
    """Hold 30 % of the rows out, of every class alike."""
    train, test = train_test_split(
        np.arange(len(table.y)),
        test_size=TEST_SHARE,
        random_state=seed,
        stratify=table.y if table.task == "classification" else None,
    )
    return encode(table, np.sort(train), np.sort(test))


def encode(table: Table, train: np.ndarray, test: np.ndarray) -> Parts:
    """Fill missing numbers and one-hot encode categories, both learned from ``train`` alone."""
    frame = pd.concat([table.numbers, table.levels], axis=1)
    encoder = _encoder(list(table.numbers), list(table.levels)).fit(frame.iloc[train])
    return Parts(
        encoder.transform(frame.iloc[train]),
        encoder.transform(frame.iloc[test]),
        table.y[train],
        table.y[test],
        _blocks(encoder, list(table.levels)),
    )


def source_columns(table: Table, parts: Parts) -> list[str]:
    """The column of the table that each encoded column came from."""
    of_level = {
        name: column
        for column, block in zip(table.levels, parts.blocks, strict=True)
        for name in block
    }
    return [of_level.get(name, name) for name in parts.X_train]


def _encoder(numbers: list[str], levels: list[str]) -> ColumnTransformer:
    # A column that is empty in the training rows must not vanish: names would no longer match.
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    # A level that only test rows have is none of the known ones.
    one_hot = OneHotEncoder(
        sparse_output=False, handle_unknown="ignore", feature_name_combiner=_level_name
    )
    return ColumnTransformer(
        [("numbers", imputer, numbers), ("levels", one_hot, levels)],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def _level_name(column: str, level: object) -> str:
    return f"{column}={level}"


def _blocks(encoder: ColumnTransformer, levels: list[str]) -> list[list[str]]:
    if not levels:
        return []
    found = encoder.named_transformers_["levels"].categories_
    return [
        [_level_name(column, level) for level in names]
        for column, names in zip(levels, found, strict=True)
    ]
