"""Scores of a batch of rows: linear form, gauge, features, increments, sums, in that order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution._accumulate import ScoreSums, worst
from sklearn_deeplifft.attribution._chain import ChainReader, chain_of
from sklearn_deeplifft.attribution._feature_sums import summed_by_feature
from sklearn_deeplifft.attribution._gauge import SimplexGroup, project, terms_of
from sklearn_deeplifft.attribution._increments import odds_increments
from sklearn_deeplifft.attribution._linear_form import (
    LinearForm,
    NetworkReader,
    OutputMap,
    RowFilter,
    relative_residual,
)
from sklearn_deeplifft.attribution._log_odds import contrast, sigmoid_contrast
from sklearn_deeplifft.attribution._module_state import module_dtype, neutral_torch

__all__ = ["Head", "Reader", "Scorer", "block_rows", "reader_of"]

BLOCK_BYTES = 6_500_000
"""Size of one (rows, K, d) array: small enough to stay in cache between passes."""


class Reader(Protocol):
    """A source of linear forms: a chain, or any module by automatic differentiation."""

    dtype: torch.dtype

    def logits(self, X: Tensor) -> Tensor: ...

    def form(
        self,
        X: Tensor,
        reference: Tensor | None = None,
        select: RowFilter | None = None,
        outputs: OutputMap | None = None,
        weight: Tensor | None = None,
    ) -> LinearForm: ...


@neutral_torch()
def reader_of(
    module: nn.Module,
    *,
    layer: str | None = None,
    secants: bool = False,
    drop_normalizer: bool = True,
    dtype: torch.dtype | None = None,
) -> Reader:
    """The fastest reader that fits: a chain where the module is one, else the general one."""
    dtype = dtype or module_dtype(module)
    # A chain knows no hidden layer, no chord, and ends before its normaliser.
    if layer is None and not secants and drop_normalizer:
        stages = chain_of(module, dtype)
        if stages is not None:
            return ChainReader(stages, dtype)
    return NetworkReader(
        module, layer=layer, secants=secants, drop_normalizer=drop_normalizer, dtype=dtype
    )


def block_rows(n_outputs: int, n_features: int) -> int:
    """Rows per block such that (rows, K, d) stays in cache."""
    # Of float32; never less than 8 rows, or the widest tables would be read row by row.
    return int(min(max(BLOCK_BYTES // (4 * n_outputs * n_features), 8), 4096))


class Head(NamedTuple):
    """Some columns of the logits that answer one question."""

    kind: Literal["softmax", "sigmoid", "identity"]
    start: int
    stop: int

    @property
    def n_cells(self) -> int:
        """Classes of a softmax, 2 for a sigmoid, outputs of a regression."""
        return 2 if self.kind == "sigmoid" else self.stop - self.start

    def of(self, values: Tensor) -> Tensor:
        """This head's part of (n, K, ...)."""
        return values[:, self.start : self.stop]

    def correct(self, logits: Tensor, y: Tensor) -> Tensor:
        """Mask (n,) of the rows that the network gets right; all of them in regression."""
        z = self.of(logits)
        if self.kind == "softmax":
            return z.argmax(1) == y
        if self.kind == "sigmoid":
            return (z[:, 0] > 0) == y.bool()
        return torch.ones(len(z), dtype=torch.bool, device=z.device)

    def decomposed(self, values: Tensor, y: Tensor) -> Tensor:
        """Part of (n, K, ...) that is decomposed: log-odds, or the outputs themselves."""
        if self.kind == "softmax":
            return contrast(self.of(values), y)
        if self.kind == "sigmoid":
            return sigmoid_contrast(self.of(values), y)
        return self.of(values)

    def centred(self, values: Tensor) -> Tensor:
        """Part of (K, ...), one row for each cell: less the mean over classes, (C, ...).

        Of a sigmoid's one logit z the two classes have the logits (0, z), and so -z/2 and z/2; what
        a regression answers is left as it is.
        """
        own = values[self.start : self.stop]
        if self.kind == "softmax":
            return own - own.mean(0)
        if self.kind == "sigmoid":
            return torch.cat([-own / 2, own / 2])
        return own


class _HeadScores(NamedTuple):
    rows: Tensor
    scores: Tensor
    """(m, d), or (m, K, d) in regression."""
    residual: float
    slopes: Tensor | None
    """(C, D): sum over all rows of the centred coefficients, where weights were given."""


@dataclass(frozen=True)
class Scorer:
    """A reader and a gauge, which turn rows and targets into scores.

    ``reference`` (d,) and ``groups`` choose the gauge; ``y`` is (n, H), one column per head:
    class indices, 0/1, or anything in regression. With ``features`` (d,), which feature each
    column belongs to, 0 to G - 1, there are G scores in the place of d.
    """

    reader: Reader
    heads: tuple[Head, ...]
    reference: Tensor | None = None
    groups: Sequence[SimplexGroup] = ()
    only_correct: bool = True
    features: Tensor | None = None

    @property
    def n_cells(self) -> int:
        """Number of rows of the sums: the heads' cells one after another."""
        return sum(head.n_cells for head in self.heads)

    @neutral_torch()
    def sums(self, X: Tensor, y: Tensor, weight: Tensor) -> ScoreSums:
        """Sums over one batch."""
        # A chain needs no autograd; without its bookkeeping a pass takes 3 % less time.
        with torch.inference_mode(isinstance(self.reader, ChainReader)):
            return self._sums(X, y, weight)

    def _sums(self, X: Tensor, y: Tensor, weight: Tensor) -> ScoreSums:
        parts, total = [], float(weight.sum(dtype=torch.float64))
        for h, found in enumerate(self._scores(X, y, weight)):
            w = weight[found.rows]
            assert found.slopes is not None
            if self.heads[h].kind == "identity":
                part = _output_sums(found.scores, w, found.slopes, total)
            else:
                part = ScoreSums.of(found.scores, y[found.rows, h], w, found.slopes, total)
            parts.append(replace(part, residual=found.residual))
        return ScoreSums(
            torch.cat([part.signed for part in parts]),
            torch.cat([part.absolute for part in parts]),
            torch.cat([part.weight for part in parts]),
            torch.cat([part.slopes for part in parts]),
            total,
            worst(*(part.residual for part in parts)),
        )

    @neutral_torch()
    def increments(self, X: Tensor, y: Tensor) -> Tensor:
        """Scores (n, H, d) of every row; zero where only correct rows count and it is not one.

        In regression H is the number of outputs. NaN where some row's terms are not finite.
        """
        per_head = []
        for found in self._scores(X, y):
            scores = found.scores if found.scores.ndim == 3 else found.scores[:, None]
            if math.isnan(found.residual):
                # Steps of probabilities are finite whatever they are steps between.
                scores = torch.full_like(scores, torch.nan)
            full = scores.new_zeros(len(X), *scores.shape[1:])
            full[found.rows] = scores
            per_head.append(full)
        return torch.cat(per_head, dim=1)

    def _scores(self, X: Tensor, y: Tensor, weight: Tensor | None = None) -> Iterator[_HeadScores]:
        if len(self.heads) == 1:
            yield self._single(X, y, weight)
            return
        # One linear form of all logits for all heads: to read it is most of the work.
        form = self.reader.form(X, self.reference, weight=weight)
        for h, head in enumerate(self.heads):
            rows = self._wanted(head, form.logits, y[:, h])
            # Rows of the form are copied by this index: terms are written over the coefficients,
            # which the next head still needs.
            z, c, b = (head.decomposed(part[rows], y[rows, h]) for part in form[:3])
            part = LinearForm(z, c, b, form.displacement[rows], summed=form.summed)
            yield self._scored(head, part, rows)

    def _single(self, X: Tensor, y: Tensor, weight: Tensor | None) -> _HeadScores:
        head, target = self.heads[0], y[:, 0]

        def outputs(values: Tensor, rows: Tensor | None) -> Tensor:
            return head.decomposed(values, target if rows is None else target[rows])

        # Handed to the reader, since a chain can choose rows and take differences of logits before
        # it makes the coefficients, the largest array: a wrong row then costs one forward pass.
        form = self.reader.form(
            X, self.reference, lambda z: self._wanted(head, z, target), outputs, weight
        )
        rows = torch.arange(len(X)) if form.rows is None else form.rows
        return self._scored(head, form, rows)

    def _wanted(self, head: Head, logits: Tensor, y: Tensor) -> Tensor:
        if not self.only_correct:
            return torch.arange(len(logits), device=logits.device)
        return head.correct(logits, y).nonzero()[:, 0]

    def _scored(self, head: Head, form: LinearForm, rows: Tensor) -> _HeadScores:
        terms, bias = terms_of(form, self.groups, in_place=True)
        # Of the terms as they are: sums over features and increments hide what does not add up.
        residual = relative_residual(form.logits, bias, terms.sum(-1))
        displacement = form.displacement
        if self.features is not None:
            terms = summed_by_feature(terms, self.features)
            # A feature is absent where all of its columns are; so places are counted, as the sum of
            # displacements may be 0 where they are not.
            displacement = summed_by_feature((displacement != 0).to(terms.dtype), self.features)
        if head.kind != "identity":
            terms = odds_increments(terms, bias, displacement)
        return _HeadScores(rows, terms, residual, self._slopes(head, form.summed))

    def _slopes(self, head: Head, summed: Tensor | None) -> Tensor | None:
        """Sums of centred coefficients in this gauge: both maps are linear, so sums will do."""
        return None if summed is None else project(head.centred(summed), self.groups)


def _output_sums(terms: Tensor, weight: Tensor, slopes: Tensor, total: float) -> ScoreSums:
    """In regression every row counts for every output."""
    w = weight.to(terms.dtype)
    return ScoreSums(
        torch.einsum("n,nkd->kd", w, terms).double(),
        torch.einsum("n,nkd->kd", w, terms.abs()).double(),
        weight.double().sum().expand(terms.shape[1]).clone(),
        slopes.double(),
        total,
    )
