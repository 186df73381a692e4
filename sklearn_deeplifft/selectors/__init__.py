"""Floor 5: selectors read trained networks, rank features and cut them to a support."""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from sklearn_deeplifft.selectors._clusters import ScoreClusters
    from sklearn_deeplifft.selectors._contributions import Contributions
    from sklearn_deeplifft.selectors._deeplifft import DeepLIFFTSelector
    from sklearn_deeplifft.selectors._gia import GIATransformer
    from sklearn_deeplifft.selectors._importance_neurons import ImportanceNeuronSelector
    from sklearn_deeplifft.selectors._load import load
    from sklearn_deeplifft.selectors._score_clusters import score_clusters

__all__ = [
    "Contributions",
    "DeepLIFFTSelector",
    "GIATransformer",
    "ImportanceNeuronSelector",
    "ScoreClusters",
    "load",
    "score_clusters",
]

_HOMES = {
    "Contributions": "_contributions",
    "DeepLIFFTSelector": "_deeplifft",
    "GIATransformer": "_gia",
    "ImportanceNeuronSelector": "_importance_neurons",
    "ScoreClusters": "_clusters",
    "load": "_load",
    "score_clusters": "_score_clusters",
}


# Names are looked up on first use (PEP 562): a selector that was saved transforms without torch.
def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    value: object = vars(home)[name]
    globals()[name] = value
    return value
