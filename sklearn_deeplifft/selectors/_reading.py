"""Trained networks read row by row: the bridge from tables to the attribution floor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import (
    ChainReader,
    Head,
    LinearForm,
    NetworkReader,
    Reader,
    Scorer,
    ScoreSums,
    SimplexGroup,
    block_rows,
    reader_of,
    spread_positions,
    verify_piecewise_linear,
)
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from sklearn_deeplifft.networks import (
    Standardize,
    TrainedNetwork,
    heads_for,
    takes_columns,
    torch_threads,
    with_null_columns,
)
from sklearn_deeplifft.selectors._shared_inputs import SharedInputs
from sklearn_deeplifft.tables import FeatureGroups, Names, Rows, Simplex, Target

__all__ = ["Gauge", "Reading", "ReadingPlan", "ReadingSettings"]

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4, torch.float16: 1e-1, torch.bfloat16: 1e-1}
"""Largest relative residual of ``z = b + c.(x - r)`` that counts as exact."""

WORTH_THREADS = 20_000_000
"""Terms (rows x outputs x features) from which several threads pay for their coordination."""


FEW = 0.8
"""Share of the columns that a network weighs from which on the others are read as well."""


@dataclass(frozen=True)
class ReadingSettings:
    """Choices of how networks are read."""

    reference: Any = "mean"
    secants: bool = False
    layer: str | None = None
    dtype: torch.dtype | None = None
    drop_normalizer: bool = True


class Gauge(NamedTuple):
    """Zero point and constraints that terms are measured against, per column of the table."""

    mean: np.ndarray
    std: np.ndarray
    constant: np.ndarray
    """(d,) bool: columns without any variation; they are their own reference."""
    simplices: Sequence[Simplex] = ()


@dataclass(frozen=True)
class ReadingPlan:
    """Reading of the networks of one fit, on its rows and on any others."""

    settings: ReadingSettings
    gauge: Gauge
    groups: FeatureGroups
    """Columns that are scored as one feature."""

    def reading(
        self,
        trained: TrainedNetwork,
        rows: Rows,
        columns: np.ndarray,
        hidden_reference: Tensor | None = None,
    ) -> Reading:
        """Bring a network and the columns that it reads together."""
        features = self.features(trained, columns)
        return Reading(
            trained, self.settings, rows, self.gauge, columns, hidden_reference, features
        )

    def features(self, trained: TrainedNetwork, columns: np.ndarray) -> FeatureGroups | None:
        """Columns that a network's terms are added up by; None where each is a feature."""
        groups = self.groups.among(columns)
        groups = groups if trained.null_columns is None else groups.doubled()
        return None if groups.single else groups


class Reading:
    """One trained network, ready to be read on rows of a table.

    Everything happens in the coordinates of the network's own inputs: terms
    ``c_i (x_i - r_i)`` are the same before and after a column is standardised, and the scale of a
    simplex group is carried along. Skewed amounts are read, and compared, on a logarithmic scale.
    """

    def __init__(
        self,
        trained: TrainedNetwork,
        settings: ReadingSettings,
        rows: Rows,
        gauge: Gauge,
        columns: np.ndarray,
        hidden_reference: Tensor | None = None,
        features: FeatureGroups | None = None,
    ) -> None:
        self.trained = trained
        self.rows = rows
        self.columns = columns
        self.features = features
        self.settings = settings
        self.reader: Reader = reader_of(
            trained.core,
            layer=settings.layer,
            secants=settings.secants,
            drop_normalizer=settings.drop_normalizer,
            dtype=settings.dtype,
        )
        self.groups = self._simplex_groups(gauge.simplices)
        self.gauge = gauge
        hidden = settings.layer is not None
        self.reference = hidden_reference if hidden else self._input_reference()
        self._hidden_deviation: np.ndarray | None = None

    def inputs(self, index: np.ndarray) -> Tensor:
        """Rows as the core network takes them."""
        X = torch.from_numpy(self.rows.take(index, self.columns))
        nulls = self.trained.null_columns
        if nulls is None:
            return self._standardized(X)
        stand_ins = torch.from_numpy(self.rows.take(nulls.donors[index], self.columns))
        real, others = self._standardized(torch.cat([X, stand_ins], -1)).tensor_split(2, -1)
        return with_null_columns(real, others, nulls.knockoff_map)

    @property
    def width(self) -> int:
        """Columns that the network reads: with null columns d real ones, then d null ones."""
        return len(self.columns) * (1 if self.trained.null_columns is None else 2)

    def blocks(self, index: np.ndarray, n_outputs: int) -> Iterator[np.ndarray]:
        """Positions into ``index``, so many at a time that a block stays in cache."""
        step = block_rows(n_outputs, self.width)
        for start in range(0, len(index), step):
            yield np.arange(start, min(start + step, len(index)))

    def n_outputs(self, index: np.ndarray) -> int:
        """Number of logits."""
        if isinstance(self.reader, ChainReader) and self.reader.n_inputs == self.width:
            return self.reader.n_outputs
        with takes_columns(self.width):
            return self.reader.logits(self.inputs(index[:2])).shape[1]

    def n_terms(self, index: np.ndarray) -> int:
        """Number of features that are scored: columns or groups of them, or hidden neurons."""
        if self.features is not None:
            return len(self.features.first)
        return self.width if self.settings.layer is None else self.hidden(index[:1]).shape[1]

    def _n_columns(self, index: np.ndarray) -> int:
        """Number of columns, whatever their groups, or of hidden neurons."""
        return self.width if self.settings.layer is None else self.n_terms(index)

    def verify(self, index: np.ndarray, names: Names = None) -> None:
        """Raise unless the network is piecewise linear around some of the rows.

        ``names`` of the columns are for messages.
        """
        network = NetworkReader(
            self.trained.core,
            layer=self.settings.layer,
            secants=self.settings.secants,
            drop_normalizer=self.settings.drop_normalizer,
        )
        few = index[spread_positions(len(index)).numpy()]
        named = None if names is None or self.settings.layer is not None else list(names)
        verify_piecewise_linear(network, self.inputs(few), named)

    def form(self, index: np.ndarray) -> LinearForm:
        """The linear form of every row of ``index``, all logits."""
        return self.reader.form(self.inputs(index), self.reference)

    def hidden(self, index: np.ndarray) -> Tensor:
        """Outputs (n, d) of the hidden layer that is read."""
        assert isinstance(self.reader, NetworkReader)
        return self.reader.hidden(self.inputs(index))

    def all_hidden(self) -> Tensor:
        """The same of every row of the table."""
        everything = np.arange(self.rows.shape[0])
        return torch.cat([self.hidden(block) for block in self.blocks(everything, 1)])

    def measure_hidden(self, index: np.ndarray) -> None:
        """Set the reference of a hidden layer, the mean of its outputs, and their deviation."""
        total, step = torch.zeros(self.n_terms(index), dtype=torch.float64), 1024
        for start in range(0, len(index), step):
            total = total + self.hidden(index[start : start + step]).sum(0, dtype=torch.float64)
        mean = total / max(len(index), 1)
        self.reference = self._hidden_reference(mean)
        squares = torch.zeros_like(mean)
        for start in range(0, len(index), step):  # around the mean: squares of outputs would cancel
            squares += (self.hidden(index[start : start + step]) - mean).square().sum(0)
        self._hidden_deviation = (squares / max(len(index), 1)).sqrt().numpy()

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation (d,) of what is read, in the network's coordinates."""
        if self.settings.layer is not None:
            assert self._hidden_deviation is not None
            return self._hidden_deviation
        std = self._of_inputs(self.gauge.std)
        front = self.trained.standardize
        if front is None:
            return std
        # On a logarithmic scale, that of the rows it was trained on.
        bent = (front.sign != 0).numpy() & (std > 0)
        return np.where(bent, 1.0, std / front.scale.numpy())

    def scorer(self, heads: tuple[Head, ...], *, only_correct: bool = True) -> Scorer:
        """Make a scorer of batches of rows in this gauge."""
        features = None if self.features is None else torch.from_numpy(self.features.of_column)
        return Scorer(self.reader, heads, self.reference, self.groups, only_correct, features)

    def sums(
        self,
        index: np.ndarray,
        target: Target,
        weight: np.ndarray,
        shared: SharedInputs | None = None,
    ) -> ScoreSums:
        """Stream the scores of ``index`` into sums; refuse a decomposition that is not exact.

        ``shared`` keeps rows for networks that read them alike.
        """
        total = self._summed(index, target, weight, shared)
        if self.reader.dtype is torch.float32 and not total.residual <= TOLERANCE[torch.float32]:
            # Large terms that cancel leave rounding; what double precision leaves is none.
            total = self._in_double()._summed(index, target, weight, shared)
        self.require_exact(total.residual)
        return total

    def _summed(
        self, index: np.ndarray, target: Target, weight: np.ndarray, shared: SharedInputs | None
    ) -> ScoreSums:
        n_outputs = self.n_outputs(index)
        heads = heads_for(target, n_outputs)
        scorer, at = self.scorer(heads), self._open_columns()
        n_terms, n_columns = self.n_terms(index), self._n_columns(index)
        if at is not None:
            scorer, n_terms, n_columns = _narrowed(scorer, at), len(at), len(at)
        total = ScoreSums.zeros(scorer.n_cells, n_terms, n_columns)
        few = len(index) * n_outputs * n_terms < WORTH_THREADS
        with torch_threads(1 if few else torch.get_num_threads()):
            for block in self.blocks(index, n_outputs):
                rows = index[block]
                y, w = torch.from_numpy(target.codes[rows]), torch.from_numpy(weight[rows])
                X = self.inputs(rows) if shared is None else shared.of(self, rows)
                X = X if at is None else X.index_select(1, at)
                total = total.merge(scorer.sums(X, y, w))
        return total if at is None else total.spread(at, self.width)

    def _open_columns(self) -> Tensor | None:
        """Columns (m,) that the network weighs, where they are few; None where all are read.

        The terms of the others are zero in every row.
        """
        if self.groups or self.features is not None or not isinstance(self.reader, ChainReader):
            return None
        at = self.reader.open_inputs()
        return None if at is None or not 0 < len(at) <= FEW * self.width else at

    def _in_double(self) -> Reading:
        """The same network and gauge, read in double precision."""
        settings = replace(self.settings, dtype=torch.float64)
        reference = None if self.reference is None else self.reference.double()  # of hidden neurons
        return Reading(
            self.trained, settings, self.rows, self.gauge, self.columns, reference, self.features
        )

    def require_exact(self, residual: float) -> None:
        """Raise ``NotPiecewiseLinearError`` for a residual above the tolerance of the dtype."""
        tolerance = TOLERANCE[self.reader.dtype]
        if np.isnan(residual):
            raise NotPiecewiseLinearError(
                "the decomposition leaves a relative residual of nan: the terms of some rows are "
                "not finite. The rows hold values that are more than "
                f"{self.reader.dtype} can compute with, or the network's answers to them are NaN. "
                "Clip or drop these rows, or pass dtype='float64'."
            )
        if not residual <= tolerance:
            raise NotPiecewiseLinearError(
                f"the decomposition leaves a relative residual of {residual:.3g}, above the "
                f"{tolerance:g} that {self.reader.dtype} allows; pass dtype='float64', or check "
                f"the layers of {type(self.trained.core).__name__}."
            )

    def _standardized(self, X: Tensor) -> Tensor:
        front = self.trained.standardize
        if front is None:
            return X
        with torch.no_grad():
            standardized: Tensor = front(X)
            return standardized

    def _of_inputs(self, values: np.ndarray) -> np.ndarray:
        """Of each of the network's inputs, from values (d,) of the table's columns."""
        return np.tile(values[self.columns], self.width // len(self.columns))

    def _input_reference(self) -> Tensor | None:
        """The reference in the network's coordinates; None where that is zero."""
        reference, mean = self.settings.reference, self.gauge.mean
        if isinstance(reference, str):
            raw = mean if reference == "mean" else np.zeros_like(mean)
        else:
            raw = np.asarray(reference, dtype=np.float64)
        raw = self._of_inputs(np.where(self.gauge.constant, mean, raw))
        point = torch.from_numpy(raw)[None]
        front = self.trained.standardize
        if front is not None:
            # In the precision of the rows, so that an absent motif is displaced by exactly 0.
            precision = torch.from_numpy(np.empty(0, self.rows.dtype)).dtype
            point = self._standardized(point.to(precision))
            if isinstance(reference, str) and reference == "mean":
                # On a logarithmic scale the mean of the logarithms, of the rows trained on.
                varies = torch.from_numpy(self._of_inputs(~self.gauge.constant))
                point = torch.where((front.sign != 0) & varies, 0.0, point)
        point = point[0].to(self.reader.dtype)
        if not isinstance(reference, str):
            _require_within_reach(point, raw)
        return point if bool(point.any()) else None

    def _hidden_reference(self, mean: Tensor) -> Tensor | None:
        reference = self.settings.reference
        if isinstance(reference, str):
            return mean.to(self.reader.dtype) if reference == "mean" else None
        # A copy: torch takes no negative strides, and warns of arrays that are not writable.
        values = np.array(reference, dtype=np.float64, order="C")
        given = torch.from_numpy(values).to(self.reader.dtype)
        if given.shape != mean.shape:
            raise ValueError(
                f"reference has shape {tuple(given.shape)}; layer={self.settings.layer!r} has "
                f"{len(mean)} neurons."
            )
        _require_within_reach(given, values)
        return given

    def _simplex_groups(self, simplices: Sequence[Simplex]) -> list[SimplexGroup]:
        """Groups whose columns are all read here, at the scale of the network's inputs."""
        if not simplices:
            return []
        place = {int(column): i for i, column in enumerate(self.columns)}
        front = self.trained.standardize
        groups = []
        for simplex in simplices:
            found = [place.get(int(column)) for column in simplex.columns]
            if None in found:  # a block that lost a level carries no constraint any more
                continue
            scale = torch.as_tensor(simplex.scale).to(self.reader.dtype)
            for start in range(0, self.width, len(self.columns)):
                at = start + torch.as_tensor(found)
                _require_linear(front, at)
                units = None if front is None else front.scale[at].to(self.reader.dtype)
                groups.append(SimplexGroup(at, scale, units))
        return groups


def _narrowed(scorer: Scorer, at: Tensor) -> Scorer:
    """A scorer of a chain that reads the columns ``at`` alone."""
    reader, reference = scorer.reader, scorer.reference
    assert isinstance(reader, ChainReader)
    return replace(
        scorer, reader=reader.on(at), reference=None if reference is None else reference[at]
    )


def _require_within_reach(point: Tensor, given: np.ndarray) -> None:
    """Refuse a reference (d,) that was ``given`` finite and is not so where networks read it."""
    if not bool(point.isfinite().all()):
        raise ValueError(
            f"reference holds {given[np.abs(given).argmax()]:g}, which is more than the networks "
            "can compute with. Give values that what is read can have."
        )


def _require_linear(front: Standardize | None, columns: Tensor) -> None:
    """Refuse columns whose sum is no constraint on what the network reads."""
    if front is not None and bool(front.sign[columns].any()):
        raise ValueError(
            "the networks read columns of simplex_groups on a logarithmic scale, on which their "
            "sum is not the same in every row. Train them with unskew=False, or have the selector "
            "train them: it leaves these columns as they are."
        )
