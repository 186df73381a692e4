"""Surroundings of a fit: one thread, and warnings that become notes for the reader."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.exceptions import without_numbers

__all__ = ["as_sentence", "collected", "last_of_each", "note_of", "one_thread"]


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


def as_sentence(text: str) -> str:
    """Begin with a capital letter.

    >>> as_sentence("checkpoint X is damaged.")
    'Checkpoint X is damaged.'
    """
    return text[:1].upper() + text[1:]
