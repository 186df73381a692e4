"""Floor 5: selectors read trained networks, rank features and cut them to a support."""

from sklearn_deeplifft.selectors._deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.selectors._gia import GIATransformer
from sklearn_deeplifft.selectors._importance_neurons import ImportanceNeuronSelector

__all__ = ["DeepLIFFTSelector", "GIATransformer", "ImportanceNeuronSelector"]
