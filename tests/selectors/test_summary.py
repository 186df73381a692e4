"""What a fitted selector says of itself, as text."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import planted

NAMES = list("abcdefgh")
SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 20,
    "learning_rate": 0.02,
    "batch_size": 32,
    "random_state": 0,
}
SELECTORS = (DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer)


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=NAMES)


@pytest.fixture(scope="module")
def ensemble(data, frame):
    return NetworkEnsembleClassifier(**SMALL).fit(frame, np.array(list("xyz"))[data.y])


def read(kind, ensemble, frame, data, **params):
    y = np.array(list("xyz"))[data.y]
    return kind(ensemble, prefit=True, **params).fit(frame, y)


def words(text):
    """The text without the ends of lines."""
    return " ".join(text.split())


@pytest.mark.parametrize("kind", SELECTORS)
def test_rows_classes_worth_cut_and_features(ensemble, frame, data, kind):
    selector = read(kind, ensemble, frame, data, n_features_to_select=3)
    text = words(selector.summary())
    assert text.startswith(f"{kind.__name__}: {len(frame)} rows, 8 columns, 3 classes: x, y, z.")
    score, (low, high) = ensemble.out_of_fold_score_, ensemble.out_of_fold_interval_
    worth = f"2 networks: balanced accuracy {score:.3f} [{low:.3f}, {high:.3f}] on rows held out"
    open_ = ensemble.training_choice_["open_columns"]
    low, high = open_.min(), open_.max()
    shown = f"{low} to {high} of 8" if low < high else f"{low} of 8" if low < 8 else "all 8"
    assert (
        f"{worth}, better than chance. 2 networks of 8 units, kept where held-out loss was least, "
        f"read {shown} columns. Keeps 3 of 8"
    ) in text
    assert (
        f"Keeps 3 of 8 features; the networks' own lists agree by {selector.stability_:.2f}" in text
    )
    assert words(selector.quantities_.importance) in text
    assert words(selector.quantities_.by_class) in text
    rows = [line.split() for line in selector.summary().splitlines()]
    listed = [row[1] for row in rows if len(row) > 2 and row[0].isdigit() and row[1] in NAMES]
    assert listed == list(selector.top_features(8))


@pytest.mark.parametrize("kind", SELECTORS)
def test_what_it_says_of_classes_is_what_the_frame_says(ensemble, frame, data, kind):
    selector = read(kind, ensemble, frame, data)
    table = selector.to_frame().set_index("feature")
    for line in selector.summary().splitlines():
        row = line.split()
        if len(row) > 4 and row[0].isdigit() and row[-1] in "xyz":
            label, name = row[-1], row[1]
            assert table.loc[name, "direction"] == f"+ {label}"
            assert row[-2] == f"+{abs(table.loc[name, f'class_score[{label}]']):.3f}"


def test_it_is_short_whatever_the_table(data):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 300)), np.arange(120) % 12
    X[:, :12] += 3 * (y[:, None] == np.arange(12))
    table = pd.DataFrame(X, columns=["x" * 5000 + str(i) for i in range(300)])
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(table, y)
    text = selector.summary()
    assert len(text.splitlines()) < 80
    assert max(map(len, text.splitlines())) <= 80
    assert "the first 20 of 300" in text
    assert "Features, the first 2 of 300" in selector.summary(k=2)
    assert max(map(len, selector.summary(width=120).splitlines())) > 80


@pytest.mark.filterwarnings("ignore")
def test_networks_at_chance_say_so_before_any_feature():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 2, size=200)
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(X, y)
    assert selector.at_chance_
    text = words(selector.summary())
    assert text.index("no better than chance: THE RANKING MEANS NOTHING.") < text.index("Features,")


def test_a_network_of_the_users_own_has_no_rows_held_out(ensemble, frame, data):
    selector = DeepLIFFTSelector(ensemble.estimators_[0], prefit=True)
    text = selector.fit(data.X, np.array(list("xyz"))[data.y]).summary()
    text = words(text)
    assert (
        "1 network; no row is known that was held out, so what it is worth is not. 1 network of "
        "the user's own, trained elsewhere. Keeps"
    ) in text
    assert "Keeps 4 of 8 features." in text


def test_a_regression_has_slopes_and_no_classes(frame, data):
    selector = DeepLIFFTSelector(NetworkEnsembleRegressor(**SMALL), step=None, random_state=0)
    text = selector.fit(frame, data.X[:, 0] - data.X[:, 1]).summary()
    slopes = dict(zip(NAMES, selector.class_slopes_[0], strict=True))
    assert "8 columns, a quantity to predict." in text
    assert "What speaks" not in text
    rows = [line.split() for line in text.splitlines()]
    found = {row[1]: row[-1] for row in rows if len(row) > 3 and row[0].isdigit()}
    assert found["a"] == f"{slopes['a']:+.3f}"
    assert found["b"] == f"{slopes['b']:+.3f}"


def test_labels_are_no_classes(frame, data):
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None, random_state=0)
    two = data.X[:, :2]
    text = selector.fit(frame, (two > np.median(two, axis=0)).astype(int)).summary()
    assert "8 columns, 2 labels: 0, 1." in text


def test_groups_are_features(frame, data):
    groups = {"a": "pair", "b": "pair"}
    selector = DeepLIFFTSelector(
        NetworkEnsembleClassifier(**SMALL), step=None, feature_groups=groups
    )
    text = selector.fit(frame, data.y).summary()
    assert "8 columns that are 7 features" in words(text)
    assert "pair" in text
    assert "Features, all 7" in text


def test_a_prompt_shows_lines(ensemble, frame, data):
    text = read(DeepLIFFTSelector, ensemble, frame, data).summary()
    assert repr(text) == str(text)
    assert "\n" in repr(text)


def test_it_needs_a_fit_and_whole_numbers(ensemble, frame, data):
    with pytest.raises(NotFittedError):
        DeepLIFFTSelector().summary()
    selector = read(DeepLIFFTSelector, ensemble, frame, data)
    with pytest.raises(ValueError, match="k=0 must be a whole number, 1 or more"):
        selector.summary(0)
    with pytest.raises(ValueError, match="width=20 must be a whole number, 60 or more"):
        selector.summary(width=20)


def test_names_are_data(data):
    evil = ["a\x1b[2J", "[bold]b[/bold]", ":smile:", *"defgh"]
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None)
    text = selector.fit(pd.DataFrame(data.X, columns=evil), data.y).summary()
    assert "\x1b" not in text
    assert "[bold]b[/bold]" in text
    assert ":smile:" in text
