"""A user's module as one that takes raw rows, built inside the user's own skorch net."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from types import MethodType
from typing import Any

import skorch
from skorch.callbacks import Freezer, ParamMapper
from torch import nn

from sklearn_deeplifft.networks._copies import copied
from sklearn_deeplifft.networks._gates import GateSettings
from sklearn_deeplifft.networks._modules import Preprocessed, behind_fronts, sizes_to_pass
from sklearn_deeplifft.networks._one_hot import OneHotNetwork
from sklearn_deeplifft.networks._redraw import redraw
from sklearn_deeplifft.tables import Scaling

__all__ = ["UsersModule", "frozen_patterns"]


@dataclass(frozen=True, eq=False)
class UsersModule:
    """Called by skorch in place of the user's module, with all its ``module__`` settings.

    Nothing of ours is among these settings, so none can be taken for, or overwrite, the user's.
    """

    module: Any
    """A class, a function, or an instance, which is never changed."""
    n_features: int
    n_outputs: int
    moments: Scaling | None = field(default=None, repr=False)
    column_output: bool = False
    front: GateSettings | None = None
    frozen: tuple[Any, ...] = ()
    """Patterns of parameters that callbacks freeze before the first step."""
    trained: bool = False
    """True goes on from the weights of an instance, False draws new ones."""

    def __call__(self, **given: Any) -> Preprocessed:
        network = self._network(given)
        # Standard columns are of no alphabet, and the same letter another number at each position.
        one_hot = isinstance(behind_fronts(network), OneHotNetwork)
        return Preprocessed(
            lambda: network,  # already a copy
            moments=None if one_hot else self.moments,
            n_features=self.n_features,
            n_outputs=self.n_outputs,
            column_output=self.column_output,
            front=self.front,
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> UsersModule:
        """A frozen value: sklearn.clone, which copies deeply, gets it as it is."""
        return self

    def _network(self, given: dict[str, Any]) -> nn.Module:
        if self.trained or (isinstance(self.module, nn.Module) and not given):
            module = copied(self.module)
            if not self.trained:
                redraw(module, self._is_frozen)
            return module
        # As in skorch: an instance with settings is constructed anew with these.
        build = type(self.module) if isinstance(self.module, nn.Module) else self.module
        if not callable(build):
            raise TypeError(
                f"the network cannot be built: module={build!r} is neither a torch module nor a "
                "class or function that makes one."
            )
        sizes = sizes_to_pass(build, self.n_features, self.n_outputs, given)
        try:
            return build(**sizes, **given)
        except TypeError as error:
            asked = ", ".join(f"{name}={value!r}" for name, value in (sizes | given).items())
            raise TypeError(
                f"the network cannot be built by {_named(build)}({asked}): {error}. Pass an "
                "instance, or a class whose parameters have defaults but for n_features and "
                "n_outputs, which it is given."
            ) from error

    def _is_frozen(self, name: str) -> bool:
        return any(
            pattern(name) if callable(pattern) else fnmatch(name, pattern)
            for pattern in self.frozen
        )


def _named(build: Any) -> str:
    # A function, a class or a partial of either; a partial has no name of its own.
    return str(getattr(build, "__name__", build))


def frozen_patterns(net: skorch.NeuralNet) -> tuple[Any, ...]:
    """Patterns of the parameters that a net never changes from its first step on.

    They belong to a ``Freezer`` of the first epoch, or to a group with a learning rate of zero.
    """
    found: list[Any] = []
    callbacks = [] if net.callbacks == "disable" else net.callbacks or []
    for entry in callbacks:
        callback = entry[1] if isinstance(entry, tuple) else entry
        if isinstance(callback, Freezer) and _acts_first(callback):
            patterns = callback.patterns
            found += patterns if isinstance(patterns, list | tuple) else [patterns]
    groups = net.get_params(deep=False).get("optimizer__param_groups") or []
    found += [pattern for pattern, options in groups if options.get("lr") == 0]
    return tuple(found)


def _acts_first(callback: ParamMapper) -> bool:
    """Tell whether a callback acts in the first epoch.

    skorch replaces ``at`` and ``schedule`` of a callback when it is first used, and a clone of the
    net keeps what it put there.
    """
    at, schedule = callback.at, callback.schedule
    if isinstance(schedule, MethodType):
        schedule = None if schedule.__func__ is ParamMapper._default_schedule else schedule
    epoch = at.keywords.get("epoch") if isinstance(at, partial) else at
    return schedule is None and epoch == 1
