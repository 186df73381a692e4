"""A table that was read: features, target, and what was decided on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_deeplifft.tables.reading._errors import Spelling, as_parameter
from sklearn_deeplifft.tables.reading._notes import Note, sentences

__all__ = ["Encoded", "ReadTable"]


@dataclass(frozen=True)
class Encoded:
    """Numbers that a selector takes.

    Attributes
    ----------
    X : DataFrame of shape (n, d), or csr_matrix
        Missing numbers are the median of their column; a column of text is one column of 0 and 1
        for each of its values, called ``column=value``.
    feature_names : list of str of length d
    feature_groups : list of str of length d
        The column of the file that each column of ``X`` came from, for ``feature_groups=``: a
        column of text is one feature.
    simplex_groups : list of lists of str
        Columns of ``X`` of each column of text, exactly one of which is 1 in every row, for
        ``simplex_groups=`` (None if there are none).
    """

    X: pd.DataFrame | sparse.csr_matrix
    feature_names: list[str]
    feature_groups: list[str]
    simplex_groups: list[list[str]] | None


@dataclass(frozen=True)
class ReadTable:
    """Features and target of a file.

    Attributes
    ----------
    name : str
        Of the file.
    X : DataFrame of shape (n, d), or csr_matrix
        float64 columns, NaN where a number is missing, and columns of texts, in the order of the
        file. Missing among texts is the text ``(missing)``. A file that holds a sparse matrix gives
        CSR.
    features : tuple of str of length d
        Names of the columns of ``X``.
    text_columns : tuple of str
        Those of them that hold texts.
    target : str or None
        Name of the column to predict.
    y : ndarray of shape (n,) or None
        Labels as text or whole numbers in a classification, float64 in a regression.
    task : "classification", "regression" or None
    row_groups : str or None
        Name of the column that says which rows belong together.
    groups : ndarray of shape (n,) or None
        Its values, as text or whole numbers, for ``groups=`` of ``fit`` and of splitters.
    notes : tuple of Note
        What was decided, in the order in which it was.
    """

    name: str
    X: pd.DataFrame | sparse.csr_matrix
    features: tuple[str, ...]
    text_columns: tuple[str, ...] = ()
    target: str | None = None
    y: np.ndarray | None = None
    task: str | None = None
    notes: tuple[Note, ...] = ()
    row_groups: str | None = None
    groups: np.ndarray | None = None

    def sentences(self, spelling: Spelling = as_parameter) -> list[str]:
        """Sentences of what was decided; options are spelled as parameters of ``read_table``."""
        return sentences(self.notes, spelling)

    def encoded(self) -> Encoded:
        """Encode what ``fit`` of a selector takes, by all rows of the table.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from sklearn_deeplifft.tables import read_table
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "t.csv"
        ...     _ = path.write_text("smoker,age,ill\\nyes,61,1\\nno,unknown,0\\nno,43,0\\n")
        ...     encoded = read_table(path, target="ill").encoded()
        >>> encoded.feature_names, encoded.feature_groups
        (['smoker=no', 'smoker=yes', 'age'], ['smoker', 'smoker', 'age'])
        >>> encoded.X["age"].tolist()
        [61.0, 52.0, 43.0]
        """
        if sparse.issparse(self.X):
            names = list(self.features)
            return Encoded(self.X, names, names, None)
        parts = [self._encoded_column(name) for name in self.features]
        X = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=self.X.index)
        groups = [
            name
            for name, part in zip(self.features, parts, strict=True)
            for _ in range(part.shape[1])
        ]
        texts = set(self.text_columns)
        blocks = [
            list(part) for name, part in zip(self.features, parts, strict=True) if name in texts
        ]
        return Encoded(X, list(X), groups, blocks or None)

    def _encoded_column(self, name: str) -> pd.DataFrame:
        column = self.X[name]
        if name not in self.text_columns:
            return column.fillna(column.median()).to_frame()
        values: Sequence[str] = sorted(column.unique())
        return pd.DataFrame(
            {f"{name}={value}": (column == value).astype(np.float64) for value in values}
        )
