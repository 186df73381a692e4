"""What a fit is run in: one thread, and warnings that become notes for the reader."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from sklearn_deeplifft import FeatureSelectionWarning

__all__ = ["collected", "one_thread"]


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
def collected(notes: list[str]) -> Iterator[None]:
    """Turn what the selector warns of into notes; every other warning goes on its way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FeatureSelectionWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, FeatureSelectionWarning):
            notes.append(_sentence(str(warning.message)))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def _sentence(text: str) -> str:
    # What follows is advice on parameters that no command has.
    text = text.partition(" Train longer, ")[0]
    return text[:1].upper() + text[1:]
