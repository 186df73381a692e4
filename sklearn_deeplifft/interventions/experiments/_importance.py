"""Global importance of edits of sequences: a table of effects with their uncertainty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sklearn_deeplifft._iterables import read_once
from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._edits import Word, require_encoded
from sklearn_deeplifft.interventions._letters import alphabet_of
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions._options import require_options
from sklearn_deeplifft.interventions._population import dense_rows, population_of
from sklearn_deeplifft.interventions._statistics import changes, t_interval
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.interventions.experiments._arms import Arm, Experiment
from sklearn_deeplifft.sequences import (
    Background,
    Fasta,
    SequenceEncoder,
    as_texts,
    equal_length,
    require_letters,
)

__all__ = ["encoded", "sequence_importance"]

LEVEL = 0.95


@neutral_torch()
def sequence_importance(
    model: Any,
    background: Any,
    experiment: Experiment,
    *,
    alphabet: str = "DNA",
    scale: str = "logit",
    task: str = "auto",
    dtype: str | None = None,
) -> pd.DataFrame:
    """Effects of the edits of an experiment on the predictions of background sequences.

    ``I_c = mean_n [ f_c(T x_n) - f_c(x_n) ]``, the global importance of Koo et al. [1]_. All edits
    are made in the same backgrounds, and comparisons of edits are taken row by row.

    Parameters
    ----------
    model : object
        As for `intervention_effects`: a fitted selector or ensemble, networks, or any fitted
        classifier or regressor that takes encoded sequences.
    background : list of n str, Background, Fasta, or array-like of shape (n, K L)
        Sequences, also as `background` or `read_fasta` returned them, or rows
        that `SequenceEncoder` encoded.
    experiment : Experiment
        From `kmers`, `kmer_mutagenesis`, `positions`, `copies`, `spacing`, `gc_context`,
        `hairpin`, `necessity` or `sufficiency`.
    alphabet : str, default="DNA"
        As of the `SequenceEncoder`.
    scale : {"logit", "proba"}, default="logit"
        Centred logits; probabilities saturate and manufacture interactions.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
        What the outputs of a bare torch module mean.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the networks; None is their own.

    Returns
    -------
    DataFrame
        A row for each edit or comparison and each output. Columns: those of the experiment;
        ``output``; ``effect``, positive where the edit speaks for the output;
        ``standard_error`` over backgrounds and the 95 % ``paired_low``, ``paired_high`` from it
        (they shrink with more backgrounds and are no evidence that other networks agree);
        ``low``, ``high``, 95 % interval over networks (Student's t; NaN with one);
        ``sign_share``, share of the backgrounds, 0 to 1, whose change has the sign of the effect;
        ``n_backgrounds`` and ``n_distinct``, different ones among them.

    Raises
    ------
    ValueError
        Rows that are no encoded sequences, an edit that runs over the end, motifs that overlap.

    Warns
    -----
    FeatureSelectionWarning
        All backgrounds are the same sequence: standard errors say nothing then.

    References
    ----------
    .. [1] P. K. Koo, A. Majdandzic, M. Ploenzke, P. Anand, S. B. Paul (2021), "Global importance
       analysis", PLoS Computational Biology 17(5): e1008925.
    """
    if not isinstance(experiment, Experiment):
        raise TypeError(
            f"experiment={experiment!r} must be an experiment, such as kmers(6) or "
            "positions('GATA')."
        )
    require_options(scale=scale, task=task, dtype=dtype, n_background=1)
    letters = alphabet_of(alphabet)
    X = encoded(background, alphabet, model)
    length = X.shape[1] // letters.K
    if X.shape[1] % letters.K:
        raise ValueError(
            f"background has {X.shape[1]} columns, which are no encoded sequences of {letters.K} "
            "letters; encode it by SequenceEncoder, and pass its alphabet."
        )
    tried = X[spread_positions(len(X)).numpy()]
    ensemble = ensemble_of(model, tried, scale=scale, task=task, dtype=dtype)
    arms = experiment.arms(length, letters)
    tables = [
        pd.DataFrame(_rows(ensemble, X[part.rows], experiment, arms, part.labels))
        for part in experiment.parts(X, letters)
    ]
    return experiment.finished(pd.concat(tables, ignore_index=True))


def encoded(background: Any, alphabet: str, model: Any) -> np.ndarray:
    """Backgrounds as rows (n, K L) float64."""
    given = background.sequences if isinstance(background, Background | Fasta) else background
    given = read_once(given)
    if getattr(given, "ndim", 1) == 1 and not hasattr(given, "columns") and _is_text(given):
        texts = as_texts(given, "background")
        require_letters(texts, alphabet_of(alphabet), "background", parameters=("alphabet",))
        equal_length(texts, "background", "cut or drop those of other lengths.")
        given = SequenceEncoder(alphabet, dtype="float32").fit_transform(texts)
    rows = population_of(given, None, model).rows
    return dense_rows(rows, np.arange(rows.shape[0]))


def _is_text(given: Any) -> bool:
    return any(isinstance(value, str | bytes) for value in list(given)[:1])


def _rows(
    ensemble: Ensemble,
    X: np.ndarray,
    experiment: Experiment,
    arms: Sequence[Arm],
    labels: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """Rows of the table for some of the backgrounds."""
    distinct = len(np.unique(X, axis=0))
    if distinct == 1 and len(X) > 1:
        finding = f"all {len(X):,} backgrounds are the same sequence."
        remedy = "Effects on it have no spread: pass more sequences; a periodic one has no shuffle."
        tell(FeatureSelectionWarning(finding, remedy))
    counts = {"n_backgrounds": len(X), "n_distinct": distinct}
    bound = _bound([arm.intervention for arm in arms], X)
    contrasts = experiment.contrasts(arms)
    kept: list[np.ndarray] = []
    kept_own: list[np.ndarray] = []
    done = 0
    for change, own, _ in changes(ensemble.responses, X, bound, len(ensemble.outputs)):
        some = arms[done : done + change.shape[1]]
        reported = [i for i, arm in enumerate(some) if arm.reported]
        if reported:
            names = [dict(labels) | dict(some[i].labels) for i in reported]
            all_of_them = len(reported) == len(some)
            part, part_own = (
                (change, own) if all_of_them else (change[:, reported], own[:, reported])
            )
            yield from _summaries(part, part_own, names, counts, ensemble.outputs)
        done += change.shape[1]
        if contrasts:
            kept.append(change.copy())
            kept_own.append(own)
    if not contrasts:
        return
    weights = np.zeros((len(contrasts), len(arms)))
    for i, contrast in enumerate(contrasts):
        weights[i, list(contrast.weights)] = list(contrast.weights.values())
    every, every_own = np.concatenate(kept, axis=1), np.concatenate(kept_own, axis=1)
    names = [dict(labels) | dict(contrast.labels) for contrast in contrasts]
    yield from _summaries(
        np.einsum("nar,ca->ncr", every, weights),
        np.einsum("kar,ca->kcr", every_own, weights),
        names,
        counts,
        ensemble.outputs,
    )


def _bound(interventions: Sequence[Intervention], X: np.ndarray) -> list[Intervention]:
    """Interventions tied to the backgrounds; of words, maybe thousands, nothing is learned."""
    found: list[Intervention] = []
    checked: set[int] = set()
    for one in interventions:
        if not isinstance(one, Word):
            found.append(bind(one, X))
            continue
        one.require_within(X.shape[1])
        if one.K not in checked:
            require_encoded(X, one.K)
            checked.add(one.K)
        found.append(one)
    return found


def _summaries(
    change: np.ndarray,
    own: np.ndarray,
    names: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    outputs: Sequence[Any],
) -> Iterator[dict[str, Any]]:
    """A row for each edit and output: changes (n, B, R) of rows, means (N, B, R) of networks."""
    n = len(change)
    effect = own.mean(axis=0)
    error = change.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else effect * np.nan
    half = error * stats.t.ppf(0.5 + LEVEL / 2, n - 1) if n > 1 else error
    low, high = t_interval(own, LEVEL)
    share = (np.sign(change) == np.sign(effect)).mean(axis=0)
    columns = {
        "effect": effect,
        "standard_error": error,
        "paired_low": effect - half,
        "paired_high": effect + half,
        "low": low,
        "high": high,
        "sign_share": share,
    }
    lists = {name: values.tolist() for name, values in columns.items()}
    for i, labels in enumerate(names):
        for r, output in enumerate(outputs):
            numbers = {name: values[i][r] for name, values in lists.items()}
            yield {**labels, "output": output, **numbers, **counts}
