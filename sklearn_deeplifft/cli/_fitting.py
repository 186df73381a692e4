"""Surroundings of a fit: one thread, and warnings that become notes for the reader."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from sklearn_deeplifft import CheckpointWarning, FeatureSelectionWarning
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._words import as_sentence
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.exceptions import without_numbers

__all__ = [
    "chance_notes",
    "collected",
    "last_of_each",
    "note_of",
    "notes_of",
    "one_thread",
    "parameters_of",
]


def parameters_of(training: Training, folder: str = "") -> dict[str, Any]:
    """Parameters of an ensemble that were asked for; checkpoints go to a ``folder`` of theirs."""
    kept = None if training.checkpoint_dir is None else Path(training.checkpoint_dir, folder)
    found: dict[str, Any] = {"n_jobs": training.jobs, "checkpoint_dir": kept}
    if training.networks is not None:
        found["n_networks"] = training.networks
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Products this small gain nothing from threads, and lose everything on a busy machine.

    Where two programs shared two cores, two threads waiting for each other took more than 20
    times as long as one on the digits. With one thread the bits do not depend on the number of
    cores either.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def collected() -> Iterator[list[FeatureSelectionWarning]]:
    """Yield a list that holds, at the end, what the selector warned of.

    Every other warning goes on its way.
    """
    found: list[FeatureSelectionWarning] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FeatureSelectionWarning)
        yield found
    for warning in caught:
        if isinstance(warning.message, FeatureSelectionWarning):
            found.append(warning.message)
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def note_of(warning: FeatureSelectionWarning) -> str:
    """The finding alone: the remedy speaks of parameters that no command has."""
    return as_sentence(warning.finding)


def last_of_each(notes: Sequence[str]) -> list[str]:
    """Notes that differ in their words; of those that differ in numbers alone the last.

    A second fit on more rows says the same of them, and its ranking is the one that is shown.
    """
    return list({without_numbers(note): note for note in notes}.values())


def notes_of(warned: Sequence[FeatureSelectionWarning]) -> list[str]:
    """The last of each note; of checkpoints that cannot be used the first, and how many more."""
    unfit = [warning for warning in warned if isinstance(warning, CheckpointWarning)]
    others = [note_of(warning) for warning in warned if warning not in unfit]
    return [*_of_checkpoints(unfit), *last_of_each(others)]


def chance_notes(ensemble: BaseNetworkEnsemble) -> list[str]:
    """A note where rows held out cannot tell the networks from chance; a ranking looks as sure.

    Of networks that are at chance a warning speaks.
    """
    if ensemble.at_chance_ is not None:
        return []
    if math.isnan(ensemble.out_of_fold_score_):
        return ["No row was held out, so the networks cannot be told from chance."]
    score = "R2" if ensemble._task == "regression" else "balanced accuracy"
    low, high = ensemble.out_of_fold_interval_
    ends = "" if math.isnan(low) else f" [{low:.2f}, {high:.2f}]"
    worth = f"{score} {ensemble.out_of_fold_score_:.2f}{ends}"
    return [
        "The rows held out are too few, or repeat each other too often, to tell the networks from "
        f"chance ({worth}). Until there are more rows, or more networks, "
        "take what follows as a guess."
    ]


def _of_checkpoints(unfit: Sequence[CheckpointWarning]) -> list[str]:
    if not unfit:
        return []
    remedy = " Use another --checkpoint-dir for another fit." if unfit[0].remedy else ""
    rest = f" So it is with {len(unfit) - 1:,} more." if len(unfit) > 1 else ""
    return [f"{note_of(unfit[0])}{remedy}{rest}"]
