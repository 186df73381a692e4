"""The whole scikit-learn check battery, with nothing expected to fail.

On small networks in every run, and on the defaults in one that has the time; the ensembles on
small networks are in ``tests/ensembles/test_predictors.py``.
"""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)

SMALL = {"n_networks": 2, "hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 16}
"""Fits in hundredths of a second."""

# The battery fits tiny tables of noise, where a class may never be predicted and a column may be
# constant; both are warned of, as they should be.
ignores_noise = pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")


def small(kind):
    """The selector with a small default ensemble; the task is still decided by the target."""

    def default_estimator(task="classification", **changes):
        given = {**SMALL, "path_steps": 8} if kind is not GIATransformer else SMALL
        return kind.default_estimator(task, **{**given, **changes})

    members = {"default_estimator": staticmethod(default_estimator), "__module__": __name__}
    return type(f"Small{kind.__name__}", (kind,), members)


SmallDeepLIFFTSelector = small(DeepLIFFTSelector)
SmallImportanceNeuronSelector = small(ImportanceNeuronSelector)
SmallGIATransformer = small(GIATransformer)


@ignores_noise
@parametrize_with_checks(
    [
        SmallDeepLIFFTSelector(),
        SmallImportanceNeuronSelector(),
        SmallGIATransformer(n_background=50),
        SmallGIATransformer(n_background=50, pairs=2),
    ],
    expected_failed_checks=None,
)
def test_checks_on_small_networks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.long
@ignores_noise
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
def test_checks_on_defaults(estimator, check):
    check(estimator)
