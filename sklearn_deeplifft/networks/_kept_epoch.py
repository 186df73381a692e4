"""The epoch of a training whose weights a network keeps, and what decided on it."""

from __future__ import annotations

from typing import Any, NamedTuple

from skorch.callbacks import EarlyStopping

from sklearn_deeplifft.networks._build import NetworkSettings

__all__ = ["HELD_OUT", "LAST", "TRAINING", "KeptEpoch", "kept_by_net", "kept_epoch"]

HELD_OUT, TRAINING, LAST = "held-out loss", "training loss", "last epoch"
"""What decides which epoch is kept."""

MONITORED = {"valid_loss": HELD_OUT, "train_loss": TRAINING}


class KeptEpoch(NamedTuple):
    """The epoch whose weights are kept."""

    number: int
    """The first is 1."""
    by: str
    """``HELD_OUT``, ``TRAINING`` or ``LAST``; of a user's early stopping what it monitors."""
    on_path: bool
    """Whether a penalty rose along a path until then."""
    penalty: float
    """That on the gates at the end of the epoch, 0 to 1; 0 where nothing acts on them."""


def kept_epoch(
    settings: NetworkSettings, number: int, n_epochs: int, *, watched: bool
) -> KeptEpoch:
    """Say how the epoch ``number`` was chosen in a training by these settings.

    ``n_epochs`` are those of the whole training, had it not ended early; ``watched`` says whether
    rows were held out.
    """
    chosen = settings.keeps_best if watched else settings.on_path
    by = LAST if not chosen else HELD_OUT if watched else TRAINING
    return KeptEpoch(number, by, settings.on_path, _penalty(settings, number / n_epochs))


def kept_by_net(
    net: Any, settings: NetworkSettings, *, own_callbacks: bool = False
) -> KeptEpoch | None:
    """The epoch that a trained skorch net keeps.

    None with callbacks of a user's own, unless they restore the best weights: what else they do is
    not known.
    """
    restoring = (c for _, c in net.callbacks_ if isinstance(c, EarlyStopping) and c.load_best)
    stopping = next(restoring, None)
    if stopping is None and own_callbacks:
        return None
    number, by = len(net.history), LAST
    if stopping is not None and stopping.best_epoch_:  # none is, where the loss was never finite
        number, by = stopping.best_epoch_, MONITORED.get(stopping.monitor, str(stopping.monitor))
    penalty = _penalty(settings, number / net.max_epochs)
    return KeptEpoch(int(number), by, settings.on_path, penalty)


def _penalty(settings: NetworkSettings, share: float) -> float:
    return 0.0 if settings.gates is None else settings.gates.penalty_at(share)
