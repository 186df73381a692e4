"""The page: whole, alone, the same each time, and names in it are data."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.report import Origin, Report, make_report
from tests.report.conftest import NASTY, Page, classes, quick

NO_FIGURES = ("sklearn_deeplifft.report._sections.inline_svg", lambda draw, name: "")
"""To be set where figures are not looked at: most of the time goes into them."""
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def test_score_comes_first_and_every_section_is_there(page):
    ids = Page(page).ids()
    sections = ["h-score", "distrust", "ranking", "classes", "counts", "stability", "nulls"]
    assert [one for one in ids if one in {*sections, "doses", "done"}] == [
        *sections,
        "doses",
        "done",
    ]
    assert len(set(ids)) == len(ids)
    assert page.index("balanced accuracy on rows held out") < page.index("signal")


def test_it_says_what_held_out_rows_decided(page, fitted):
    said = fitted[0].estimator_._training_choice_said()
    assert said.startswith("2 networks of 100 units, kept where held-out loss was least, read ")
    assert f"<dt>Training</dt><dd>{said}</dd>" in page


def test_links_within_the_page_lead_somewhere(page):
    parsed = Page(page)
    links = [v for _, a in parsed.tags for k, v in a.items() if k.endswith("href")]
    inner = [link for link in links if not link.startswith("data:image/png")]  # of a heat map
    assert inner
    assert all(link.startswith("#") and link[1:] in parsed.ids() for link in inner)
    named = [v for _, a in parsed.tags for k, v in a.items() if k == "aria-labelledby"]
    assert set(named) <= set(parsed.ids())


def test_nothing_is_fetched_and_one_script_may_run(page):
    parsed = Page(page)
    assert not [a for _, a in parsed.tags if "src" in a or "srcset" in a]
    assert not re.search(r"@import|url\((?!#)", page)
    (policy,) = [a["content"] for t, a in parsed.tags if t == "meta" and "http-equiv" in a]
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_figures_are_described(page):
    pictures = [a for _, a in Page(page).tags if a.get("role") == "img"]
    assert len(pictures) == page.count("<svg") == 3
    assert all(len(picture["aria-label"]) > 20 for picture in pictures)


def test_headers_say_what_they_head(page):
    headers = [a for tag, a in Page(page).tags if tag == "th"]
    assert headers
    assert all(a.get("scope") in ("col", "row") for a in headers)


def test_the_same_fit_is_the_same_bytes(fitted, page, monkeypatch):
    assert make_report(*fitted).html == page
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert "1970-01-02" in make_report(*fitted).html


def test_the_hash_is_that_of_the_values(fitted, monkeypatch):
    selector, X, y = fitted

    def hash_of(X, y, selector=selector):
        return re.search("[0-9a-f]{64}", make_report(selector, X, y).html)[0]

    monkeypatch.setattr(*NO_FIGURES)
    given = hash_of(X, y)
    assert hash_of(X.copy(), y.to_numpy()) == given
    assert hash_of(X + 1e-9, y, DeepLIFFTSelector(quick(), step=None).fit(X + 1e-9, y)) != given


@pytest.mark.slow
def test_names_are_data(tmp_path):
    X, y = classes(names=NASTY)
    labels = {"low": "<img src=x onerror=alert(1)>", "middle": "=1+1", "top": "\x1b]0;owned\x07"}
    y = y.map(labels).rename("<b>@target")
    selector = DeepLIFFTSelector(quick(), random_state=0).fit(X, y)
    origin = Origin("<script>file", "0" * 64, "--title '</pre><script>'", ["<script>note"])
    found = make_report(selector, X, y, title="</title><script>", origin=origin).html
    assert len(found) < 700_000
    parsed = Page(found)
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert not [k for _, attrs in parsed.tags for k in attrs if k.startswith("on")]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b]", found)
    assert "49" not in parsed.text  # no template ran
    # Numbers may have a sign; a name that begins with one does not come first in a cell.
    assert not [
        cell
        for cell in map(str.strip, parsed.cells)
        if cell.startswith(FORMULA) and not re.fullmatch(r"[-+\u2212]?[\d.,e%+-]+", cell)
    ]


# Every kind of fit


def names_of(html):
    return [text for text in Page(html).text if text.strip()]


@pytest.mark.slow
def test_a_regression_has_slopes_and_no_classes(monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"])
    y = pd.Series(3 * X["a"] - X["b"], name="height")
    selector = DeepLIFFTSelector(quick("regression"), random_state=0).fit(X, y)
    html = make_report(selector, X, y).html
    assert "R squared on rows held out" in html
    assert "rises" in html
    assert "falls" in html
    assert "What speaks for each class" not in html
    assert "What foretells height" in html
    assert "speaks for it" not in html


@pytest.mark.slow
@pytest.mark.parametrize("kind", [GIATransformer, ImportanceNeuronSelector])
def test_every_selector_has_a_report(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    X, y = classes()
    path = {"path_steps": 20} if kind is ImportanceNeuronSelector else {}
    few = kind.default_estimator(n_networks=2, max_epochs=8, **path)
    selector = kind(few, random_state=0).fit(X.to_numpy(), y.to_numpy())
    file = selector.report(tmp_path / "page.html", X.to_numpy(), y.to_numpy())
    html = file.read_text(encoding="utf-8")
    assert "x0" in html
    assert f"selector = {kind.__name__}(" in " ".join(names_of(html))


@pytest.mark.slow
def test_sparse_rows_with_groups_of_columns_and_of_rows(monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.random((120, 6)) * (rng.random((120, 6)) < 0.4))
    y = (X.toarray()[:, 0] > 0).astype(int)
    rows = np.arange(120) // 4
    selector = DeepLIFFTSelector(
        quick(), feature_groups=["one", "one", "two", "two", "two", "three"], random_state=0
    ).fit(X, y, groups=rows)
    html = make_report(selector, X, y, groups=rows).html
    assert "30 groups of rows" in html
    assert "x0, x1" in html
    assert "6, as 3 features" in html


@pytest.mark.slow
def test_several_targets(monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    X, y = classes()
    two = np.column_stack([y == "low", X["noise a"] > 0]).astype(int)
    selector = DeepLIFFTSelector(quick(), random_state=0).fit(X, two)
    assert "What speaks for each class" in make_report(selector, X, two).html


@pytest.mark.slow
def test_null_features_have_a_figure():
    X, y = classes(names=[f"f{i}" for i in range(12)])
    ensemble = quick(null_features=True)
    selector = DeepLIFFTSelector(ensemble, random_state=0).fit(X, y)
    html = make_report(selector, X, y).html
    assert "stand out from null ones" in html
    assert html.count("<svg") == 4


@pytest.mark.slow
def test_chance_is_said_at_the_top(monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(150, 3)), columns=list("abc")), rng.integers(2, size=150)
    with pytest.warns(UserWarning, match="no better than chance"):
        selector = DeepLIFFTSelector(quick(), random_state=0).fit(X, y)
    report = make_report(selector, X, y)
    assert report.doubts[0].check == "Prediction at chance"
    assert report.doubts[0].level == "serious"
    assert "One feature explains everything" not in [doubt.check for doubt in report.doubts]
    assert '<div class="verdict serious">' in report.html


def test_a_text_is_set_level_by_level(monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=120)
    X = pd.DataFrame(np.eye(3)[codes], columns=["hue=red", "hue=green", "hue=blue"])
    X["size"] = rng.normal(size=120)
    y = np.where(codes == 0, "yes", "no")
    groups = ["hue", "hue", "hue", "size"]
    selector = DeepLIFFTSelector(quick(), feature_groups=groups, random_state=0).fit(X, y)
    text = names_of(make_report(selector, X, y).html)
    assert {"red", "green", "blue"} <= set(text)


@pytest.mark.slow
def test_a_comparison_is_drawn_from_a_frame_or_a_curve(fitted):
    rows = [("ours", 1, 0, 0.7, 0.0), ("ours", 2, 0, 0.8, 0.0), ("=theirs", 1, 0, 0.6, 0.0)]
    names = ["selector", "n_features", "fold", "score", "fit_seconds"]
    curve = FeatureCountCurve(pd.DataFrame([*rows, ("=theirs", 2, 0, 0.5, 0.0)], columns=names))
    html = make_report(*fitted, comparison=curve).html
    assert "'=theirs" in names_of(html)
    assert "nan" not in Page(html).cells  # a single fold has no standard error
    frame = curve.summary().rename(columns={"selector": "method", "mean": "score"})
    assert make_report(*fitted, comparison=frame.assign(metric="score")).html.count("<svg") == 4


def test_ten_thousand_features_are_cut_and_that_is_said(fitted, monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    monkeypatch.setattr("sklearn_deeplifft.report._sections.MOST_ROWS", 2)
    monkeypatch.setattr("sklearn_deeplifft.report._ranking_table.MOST_ROWS", 2)
    assert "the first 2 of 4" in make_report(*fitted).html


# What cannot be


def test_other_data_are_refused(fitted):
    selector, X, y = fitted
    with pytest.raises(ValueError, match="y has 119 rows and X 120"):
        make_report(selector, X, y[:-1])
    with pytest.raises(ValueError, match="X has 119 rows, and 120 were given to fit"):
        make_report(selector, X[:-1], y[:-1])
    with pytest.raises(ValueError, match="'tall', which is no class"):
        make_report(selector, X, y.where(y != "top", "tall"))
    with pytest.raises(ValueError, match="feature names"):
        make_report(selector, X.rename(columns={"signal": "sign"}), y)


def test_another_table_of_the_same_shape_is_refused(fitted):
    selector, X, y = fitted
    message = "has the shape of the {0} that was given to fit, and other values"
    for other in (X + 1, X[::-1], X.assign(copy=X["copy"].to_numpy()[::-1])):
        with pytest.raises(ValueError, match="X " + message.format("X")):
            make_report(selector, other, y)
    with pytest.raises(ValueError, match="y " + message.format("y")):
        make_report(selector, X, y[::-1])


def _prefit(X, y, **given):
    ensemble = quick().set_params(random_state=0).fit(X[:60], y[:60])
    return DeepLIFFTSelector(ensemble, prefit=True).fit(X, y, **given)


def _trained(X, y, **given):
    return DeepLIFFTSelector(quick(), step=None, random_state=0).fit(X, y, **given)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize(
    ("fit", "given"),
    [
        (_trained, {"sample_weight": np.arange(120) % 5}),
        (_trained, {"groups": np.arange(120) // 2, "sample_mask": np.arange(120) > 9}),
        (_prefit, {}),
    ],
    ids=["weights", "groups", "prefit"],
)
def test_the_table_of_the_fit_is_known_whatever_else_was_given(fit, given, monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    X, y = classes()
    X, y = pd.concat([X[:110], X[:10]]), pd.concat([y[:110], y[:10]])  # some rows twice
    selector = fit(X, y, **given)
    make_report(selector, X, y.tolist())
    with pytest.raises(ValueError, match="y has the shape of the y that was given"):
        make_report(selector, X, y[::-1])


@pytest.mark.slow
@pytest.mark.parametrize("target", ["quantities", "labels", "outputs"])
def test_targets_of_every_kind_are_known(target, monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    X, y = classes()
    y = {
        "quantities": X[["signal"]].round(3),
        "labels": pd.get_dummies(y).astype(int)[["low", "top"]],
        "outputs": np.c_[y, y[::-1]],
    }[target]
    task = "regression" if target == "quantities" else "classification"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of y as a column
        selector = DeepLIFFTSelector(quick(task), step=None, random_state=0).fit(X, y)
    make_report(selector, X, y)
    with pytest.raises(ValueError, match="y has the shape of the y that was given"):
        make_report(selector, X, np.roll(y, 1, axis=0))


def test_a_selector_that_was_saved_before_digests_is_reported_on(fitted, monkeypatch):
    monkeypatch.setattr(*NO_FIGURES)
    selector, X, y = fitted
    older = copy.copy(selector)
    del older._digests
    make_report(older, X, y)


def test_what_ranks_no_features_is_refused(fitted):
    selector, X, y = fitted
    with pytest.raises(TypeError, match=r"NetworkEnsembleClassifier, and a report is .* prefit=T"):
        make_report(selector.estimator_, X, y)


def test_neurons_are_refused():
    X, y = classes()
    selector = DeepLIFFTSelector(quick(n_networks=1), layer="0", random_state=0)
    selector.ranking_ = np.arange(4)
    with pytest.raises(ValueError, match="ranks neurons"):
        make_report(selector, X, y)


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_extra(fitted, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"needs {missing}.*sklearn-deeplifft\[report\]"):
        make_report(*fitted)


def test_an_older_file_stays_until_the_new_one_is_whole(fitted, tmp_path, monkeypatch):
    selector, X, y = fitted
    monkeypatch.setattr(*NO_FIGURES)
    path = tmp_path / "page.html"
    path.write_text("mine")
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            selector.report(path, X, y)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("page.html", "mine")]
    assert selector.report(str(path), X, y) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", ["x.pdf", "x.csv", "page.html.gz", "x.v2"])
def test_a_page_is_no_other_kind_of_file(fitted, tmp_path, name, monkeypatch):
    selector, X, y = fitted
    monkeypatch.setattr("sklearn_deeplifft.report.make_report", None)  # refused before the work
    with pytest.raises(ValueError, match=rf"{name}' ends with .* ends with \.html.* print it to"):
        selector.report(tmp_path / name, X, y)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="the page is HTML"):
        Report("", "", []).write(str(tmp_path / name))
    for page in ("a.HTM", "without"):
        assert Report("<p>", "", []).write(tmp_path / page).read_text() == "<p>"
    assert {path.name for path in tmp_path.iterdir()} == {"a.HTM", "without"}
