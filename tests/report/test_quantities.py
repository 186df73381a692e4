"""The page names the quantities that it shows, and gives no number where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.report._figures import draw_heat_map
from sklearn_deeplifft.report._gather import gathered
from sklearn_deeplifft.report._ranking_table import columns_of, rows_of
from sklearn_deeplifft.report._sections import class_section, curve_section, ranking_section
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


def cells_of(selector, X, y):
    """Text of each cell of the ranking, by column and by feature."""
    evidence = gathered(selector, X, y, None)
    columns = columns_of(evidence)
    rows = [[cell.text for cell in row["cells"]] for row in rows_of(evidence, columns)]
    found = pd.DataFrame(rows, columns=[column.title for column in columns])
    return found.set_index("feature")


def test_a_group_has_no_slope_rather_than_one_of_zero():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.eye(3)[rng.integers(3, size=90)], columns=["red", "blue", "tan"])
    X["size"] = rng.normal(size=90)
    y = pd.Series(100 * X["size"] + 80 * X["red"], name="price")
    hue = DeepLIFFTSelector(
        quick("regression"), feature_groups=["hue"] * 3 + ["size"], random_state=0
    )
    cells = cells_of(hue.fit(X, y), X, y)
    assert cells.loc["hue", "slope"] == ""
    assert float(cells.loc["size", "slope"]) > 0.3
    caption = class_section(gathered(hue, X, y, None))["heat_map"].caption
    assert caption.endswith("A group, or a text, has no slope.")


def test_a_caption_says_no_colour_that_is_not_there():
    X, y = classes()
    alone = DeepLIFFTSelector(quick(), random_state=0).fit(X, y)
    assert "grey" not in class_section(gathered(alone, X, y, None))["heat_map"].caption
    paired = DeepLIFFTSelector(quick(), feature_groups=["a", "b", "b", "a"], random_state=0)
    found = gathered(paired.fit(X, 1 * (y == "top")), X, 1 * (y == "top"), None)
    differ = (found.features.signs == 0) & (found.sizes != 0)
    caption = class_section(found)["heat_map"].caption
    assert ("grey" in caption) == differ.any()


@pytest.mark.parametrize("size", [1, -1])
def test_the_sign_of_one_of_several_targets_stays(size):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"])
    Y = np.column_stack([size * 10 * X["a"], size * 10 * X["b"]])
    selector = DeepLIFFTSelector(quick("regression"), random_state=0).fit(X, Y)
    cells = cells_of(selector, X, Y)
    word = "rises" if size > 0 else "falls"
    assert cells["direction"].to_dict() == {"a": f"0 {word}", "b": f"1 {word}"}


def test_the_interval_is_explained_where_it_stands():
    X, y = classes(names=("signal", "noise", "copy"))
    selector = DeepLIFFTSelector(quick(), random_state=0).fit(X, y)
    evidence = gathered(selector, X, y, None)
    titles = [column.title for column in columns_of(evidence)]
    assert "95 % interval" in titles
    assert (
        "The interval is of the mean over networks" in ranking_section(evidence)["importance_said"]
    )


def test_nothing_is_called_selected_where_nobody_selected():
    X, y = classes(names=("signal", "noise", "copy"))
    for count, titled in ((None, False), (2, True)):
        selector = DeepLIFFTSelector(quick(), n_features_to_select=count, random_state=0)
        evidence = gathered(selector.fit(X, y), X, y, None)
        titles = [column.title for column in columns_of(evidence)]
        assert ("selected by" in titles) == titled
        said = ranking_section(evidence)["importance_said"]
        assert ("\u201cSelected by\u201d is the share of networks" in said) == titled
        assert "In first k" not in said


@pytest.mark.parametrize("error", [0.1, np.nan])
def test_a_band_is_spoken_of_where_there_is_one(error):
    frame = pd.DataFrame(
        {
            "method": ["DeepLIFFT", "DeepLIFFT", "lasso", "lasso"],
            "n_features": [1, 2, 1, 2],
            "metric": "R squared",
            "score": [0.5, 0.6, 0.4, 0.4],
            "standard_error": error,
        }
    )
    section = curve_section(frame)
    assert ("band" in section["curve"].caption) == np.isfinite(error)
    assert "DeepLIFFT 1 feature: 0.500" in section["curve"].alt
