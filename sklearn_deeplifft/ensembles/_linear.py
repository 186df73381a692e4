"""Members of an ensemble without a hidden layer.

On tables of far more columns than rows a linear network is often the better reader, and it errs
differently from networks with hidden layers, so that a list on which both agree is worth more.
(Where it knows next to nothing, elimination does without it: ``_kinds_compared``.) Its training is
convex, and the path of the penalty would only end it early: it takes a fixed number of larger steps
towards its minimum instead, whatever the number of rows.

Steps of one size end somewhere around a minimum: Adam moves a weight by about the learning rate
whatever its gradient, and that of a batch is mostly chance. On hundreds of columns what is left of
it is more than weak ones say. The rate therefore decays linearly to zero: 54,495 counts of 512
motifs are then left with a held-out loss of .71 to .73, and of .82 to .84 at a constant rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.networks import NetworkSettings

__all__ = ["linear_settings", "with_linear_members"]

STEPS = 200
"""Epochs of short tables are a step or two: 15 of them leave a linear network far from its minimum
(on two tables of faces lists of 3 to 50 columns then were .04 less accurate)."""

FASTER = 2.5
"""Times the learning rate of the other networks."""


def with_linear_members(
    splits: Sequence[Split],
    share: float,
    settings: NetworkSettings,
    n_training: int,
    max_steps: int | None,
) -> list[Split]:
    """Give this share of the networks no hidden layer, evenly dealt."""
    own = linear_settings(settings, n_training, max_steps)
    # 100 times 0.29 is a little less than 29.
    dealt = [math.floor(i * share + 1e-9) for i in range(len(splits) + 1)]
    return [
        split._replace(settings=own) if dealt[i + 1] > dealt[i] else split
        for i, split in enumerate(splits)
    ]


def linear_settings(
    settings: NetworkSettings, n_training: int, max_steps: int | None
) -> NetworkSettings:
    """Settings of a member without a hidden layer, from those of the others.

    ``n_training`` rows are trained on; training ends with the epoch of step ``STEPS``, or of
    ``max_steps`` where these are fewer.
    """
    gates = settings.gates
    if gates is not None:  # they are read, and close nothing
        gates = replace(gates, penalty=0.0)
    steps = STEPS if max_steps is None else min(STEPS, max_steps)
    steps_per_epoch = math.ceil(n_training / settings.batch_size)
    return replace(
        settings,
        hidden_layer_sizes=(),
        dropout=0.0,
        noise=0.0,
        learning_rate=FASTER * settings.learning_rate,
        max_epochs=math.ceil(steps / steps_per_epoch),
        epoch_steps=None,
        patience=None,
        falling=True,
        gates=gates,
    )
