"""Settings of a user's skorch net that could only be ignored or misread: each is an error."""

from __future__ import annotations

from collections.abc import Iterable

import skorch
from skorch.callbacks import BatchScoring, EarlyStopping, EpochScoring
from skorch.dataset import Dataset, ValidSplit

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.networks._build import stops_early
from sklearn_deeplifft.networks._copies import clone_around
from sklearn_deeplifft.tables import require_device

__all__ = ["held_out_monitor", "require_obeyed"]

DEFAULT_SPLITS = (vars(ValidSplit(5)), vars(ValidSplit(5, stratified=True)))
"""Of skorch's nets; of copies of them too, as ``clone`` makes."""

SAMPLERS = ("sampler", "batch_sampler")


def require_obeyed(net: skorch.NeuralNet) -> None:
    """Raise ``ValueError`` for a setting of a net that would not do what it does under skorch."""
    _require_no_split(net)
    _require_no_dataset(net)
    for loader in ("iterator_train", "iterator_valid"):
        _require_no_sampler(net, loader)
    if net.device is not None:  # which leaves everything where it is
        require_device(net.device, auto=False)


def held_out_monitor(net: skorch.NeuralNet) -> str | None:
    """What early stopping of a net's own monitors on rows held out; None where it needs none."""
    if not stops_early(net):
        return None
    # Of a copy, as skorch makes objects of classes, and names the scores, when a training begins.
    callbacks = [c for _, c in clone_around(net, net.module).initialize_callbacks().callbacks_]
    scored = (c for c in callbacks if isinstance(c, EpochScoring | BatchScoring) and not c.on_train)
    scores = {c.name_ for c in scored}
    monitors = (c.monitor for c in callbacks if isinstance(c, EarlyStopping))
    named = (monitor for monitor in monitors if isinstance(monitor, str))
    return next((name for name in named if name.startswith("valid") or name in scores), None)


def _require_no_split(net: skorch.NeuralNet) -> None:
    split = net.train_split
    default = type(split) is ValidSplit and isinstance(split.cv, int)
    if split is None or (default and vars(split) in DEFAULT_SPLITS):
        return
    given = f"ValidSplit({shown(split.cv)})" if type(split) is ValidSplit else shown(split)
    raise ValueError(
        f"train_split={given} of the skorch net would be ignored: an ensemble holds out rows of "
        "each network by its validation_fraction (0 for none). Set that, and leave train_split at "
        "its default, to have the net watch these rows, or None, to have it watch none."
    )


def _require_no_dataset(net: skorch.NeuralNet) -> None:
    given = [name for name in net.get_params(deep=False) if name.startswith("dataset__")]
    given += ["dataset"] if net.dataset is not Dataset else []
    if given:
        raise ValueError(
            f"{' and '.join(given)} of the skorch net would be ignored: rows come from the table "
            "that fit is given. Change them there, in the module's forward, or in an "
            "iterator_train of your own, and leave dataset at its default."
        )


def _require_no_sampler(net: skorch.NeuralNet, loader: str) -> None:
    """Positions in the user's table say nothing of the rows that one network is given."""
    params = net.get_params(deep=False)
    for name in (f"{loader}__{kind}" for kind in SAMPLERS):
        value = params.get(name)
        # A loader of the user's own may take a class, and make a sampler of the rows it is given.
        if isinstance(value, Iterable) and not isinstance(value, type):
            raise ValueError(
                f"{name} of the skorch net would draw other rows "
                "than it does alone: it names them by position, and each network is given rows of "
                "its own, sorted by content. Pass sample_weight or class_weight instead, or an "
                f"{loader} that makes a sampler of the data set it is given."
            )
