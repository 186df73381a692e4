"""The whole scikit-learn check battery on defaults, with nothing expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)

pytestmark = pytest.mark.slow


# The battery fits tiny tables of noise, where a class may never be predicted and a column may be
# constant; both are warned of, as they should be.
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@parametrize_with_checks(
    [
        DeepLIFFTSelector(),
        ImportanceNeuronSelector(),
        GIATransformer(),
        NetworkEnsembleClassifier(),
        NetworkEnsembleRegressor(),
    ],
    expected_failed_checks=None,
)
def test_sklearn_checks(estimator, check):
    check(estimator)
