"""Rows, targets and weights of a table in the batches that a network is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sklearn_deeplifft.tables import Rows

__all__ = ["RowBatches", "TableDataset", "row_batches"]


class TableDataset(Dataset[Any]):
    """Rows, targets and weights as a torch data set.

    ``batch`` slices many rows at once; ``__getitem__`` serves any other loader a user configures.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Tensor,
        weight: Tensor | None,
        index: np.ndarray,
        columns: np.ndarray | None = None,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.weight = weight
        self.index = index
        self.columns = columns

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> tuple[Tensor, Any]:
        X, y = self.batch(np.array([i]))
        return X[0], (y[0][0], y[1][0]) if isinstance(y, tuple) else y[0]

    def batch(self, positions: np.ndarray) -> tuple[Tensor, Any]:
        """Return X (m, d) and either y or, with weights, (y, weight)."""
        index = self.index[positions]
        # Row by row in memory, as skorch's own loader gives them: sums round by their order.
        X = torch.from_numpy(np.ascontiguousarray(self.rows.take(index, self.columns)))
        y = self.targets[index]
        return X, y if self.weight is None else (y, self.weight[index])


class RowBatches:
    """A loader that slices whole batches: no collation of single rows.

    It shuffles with torch's generator, which the trainer has seeded.
    """

    def __init__(
        self,
        dataset: TableDataset,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
    ) -> None:
        self.dataset = dataset
        self.batch_size = len(dataset) if batch_size == -1 else batch_size  # skorch's "all"
        self.shuffle = shuffle
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[tuple[Tensor, Any]]:
        n, size = len(self.dataset), self.batch_size
        order = torch.randperm(n).numpy() if self.shuffle else np.arange(n)
        for start in range(0, len(self) * size, size):
            yield self.dataset.batch(order[start : start + size])

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)


def row_batches(dataset: Dataset[Any], **options: Any) -> RowBatches | DataLoader[Any]:
    """``RowBatches`` where it can serve, torch's ``DataLoader`` where it cannot.

    The latter are other data sets (whatever a user predicts on) and other options.
    """
    size = options.get("batch_size") or 1
    if isinstance(dataset, TableDataset) and options.get("drop_last") and size > len(dataset):
        # skorch would find no batch, and then no loss in its history: a KeyError.
        raise ValueError(
            f"batch_size={size} is above the {len(dataset)} rows to train or validate on, and "
            "drop_last=True drops a batch that is not full, so none is left. Use smaller batches, "
            "or keep the last one."
        )
    if isinstance(dataset, TableDataset) and options.keys() <= {
        "batch_size",
        "shuffle",
        "drop_last",
    }:
        return RowBatches(dataset, **options)
    return DataLoader(dataset, **options)
