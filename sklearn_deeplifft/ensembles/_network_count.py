"""How many networks an ensemble trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_deeplifft.ensembles._base import BaseNetworkEnsemble

__all__ = ["MANY_ROWS", "network_count"]

NETWORKS, OF_MANY_ROWS = 18, 10
"""On the tables for choosing that have many rows, ten networks found lists as good as those of
eighteen. With ten every row is held out from one network, by default."""

MANY_ROWS = 800
"""The shortest of these tables."""


def network_count(ensemble: BaseNetworkEnsemble, n_rows: int) -> int:
    """Networks that an ensemble trains on a table of which ``n_rows`` different rows train.

    A q-value of few features takes more networks than a list does, however many rows there are.
    """
    asked = ensemble.n_networks
    if asked != "auto":
        return int(asked)
    return OF_MANY_ROWS if n_rows >= MANY_ROWS and not ensemble.null_features else NETWORKS
