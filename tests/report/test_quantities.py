"""The page names the quantities that it shows, and gives no number where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.report._figures import draw_heat_map
from sklearn_deeplifft.report._gather import gathered
from tests.report.conftest import classes, quick


def texts_of(selector, X, y):
    """All that is written on the heat map."""
    figure = draw_heat_map(gathered(selector, X, y, None))
    return [" ".join(text.get_text().split()) for text in figure.findobj(Text)]


def test_slopes_are_in_deviations_of_the_target():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size": rng.normal(size=90), "age": rng.normal(size=90)})
    y = pd.Series(1000 * X["size"] - 100 * X["age"], name="price")
    selector = DeepLIFFTSelector(quick("regression"), random_state=0).fit(X, y)
    assert (
        "change of the prediction for one standard deviation more of the feature "
        "(in those of the target)"
    ) in texts_of(selector, X, y)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (DeepLIFFTSelector, "mean change of the class's probability over its own rows"),
        (ImportanceNeuronSelector, "mean change of the class's probability over its own rows"),
        (GIATransformer, "mean change of the class's centred logit by having more of the feature"),
    ],
)
def test_colours_are_named_by_what_the_selector_measures(kind, said):
    X, y = classes()
    path = {} if kind is GIATransformer else {"path_steps": 20}
    few = kind.default_estimator(n_networks=2, max_epochs=8, **path)
    written = texts_of(kind(few, random_state=0).fit(X, y), X, y)
    colours = "(blue: more of the feature speaks for it, red: against it)"
    assert f"size: {said} {colours}" in written
