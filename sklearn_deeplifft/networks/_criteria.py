"""Losses of skorch nets, by the targets that they compare outputs with."""

from __future__ import annotations

from functools import partial
from typing import Any

import skorch
from torch import nn

__all__ = ["BINARY", "BY_CLASS", "ELEMENTWISE", "takes_floats"]

BY_CLASS = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
"""Losses of one output per class and the number of the class."""

BINARY = (nn.BCEWithLogitsLoss, nn.BCELoss)
"""Losses of one output per label, 0 or 1."""

ELEMENTWISE = (
    *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss),
    *BINARY,
    *(nn.PoissonNLLLoss, nn.KLDivLoss, nn.MultiLabelSoftMarginLoss, nn.HingeEmbeddingLoss),
)
"""Losses of torch that take outputs and targets of the same shape; the first make pairs of others,
and warn, and the last say nothing."""


def takes_floats(net: skorch.NeuralNet) -> bool | None:
    """Tell whether a net's loss takes numbers, or else class indices; None where y decides.

    Alone, skorch hands a loss what y holds. Labels may be text here, so losses of torch get what
    they take; what one of the user's own takes is known from the y that it is given alone.
    """
    kind = _class_of(net.criterion)
    if issubclass(kind, BY_CLASS):
        return False
    if kind is nn.SoftMarginLoss:  # of -1 and 1, which y may hold
        return None
    if issubclass(kind, BINARY) or isinstance(net, skorch.NeuralNetBinaryClassifier):
        return True
    return True if kind.__module__ == nn.modules.loss.__name__ else None


def _class_of(criterion: Any) -> type:
    """Class of a criterion, which may be one, an instance, or a class with arguments."""
    made = criterion.func if isinstance(criterion, partial) else criterion
    return made if isinstance(made, type) else type(made)
