"""Floor 5: selectors read trained networks, rank features and cut them to a support."""

from sklearn_deeplifft.selectors._clusters import ScoreClusters
from sklearn_deeplifft.selectors._contributions import Contributions
from sklearn_deeplifft.selectors._deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.selectors._gia import GIATransformer
from sklearn_deeplifft.selectors._importance_neurons import ImportanceNeuronSelector
from sklearn_deeplifft.selectors._score_clusters import score_clusters

__all__ = [
    "Contributions",
    "DeepLIFFTSelector",
    "GIATransformer",
    "ImportanceNeuronSelector",
    "ScoreClusters",
    "score_clusters",
]
