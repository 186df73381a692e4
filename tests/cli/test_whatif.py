"""``whatif``: its files against the selector itself, what is printed and drawn, how it ends."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.cli._dose_figure import draw_doses
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._show_whatif import show_answers
from sklearn_deeplifft.cli._table import make_table
from sklearn_deeplifft.cli._whatif import _guessed, answer_whatif
from sklearn_deeplifft.interventions import (
    add,
    dose_response,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.selectors import _gia
from tests.cli.conftest import classes_frame, mixed_frame, run

FILES = {"ranking.csv", "effects.csv", "doses.csv", "whatif.png"}
EFFECTS = [
    *("rank", "feature", "intervention", "output", "effect", "low", "high", "network_std"),
    *("standard_error", "positive_share", "changed_share", "support", "off_manifold", "flagged"),
    "partners",
]
N = ("--networks", "2")
LONG = "a feature of long name"


@pytest.fixture(autouse=True, scope="module")
def short_training():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_gia.OWN, "max_epochs", 30)
        yield


def whatif(*arguments):
    return run("whatif", *arguments)


def read(folder):
    return (pd.read_csv(folder / f"{name}.csv") for name in ("ranking", "effects", "doses"))


def counted_frame(n=200):
    """Counts, a quantity and a text; ``colour`` decides, ``motif`` helps, ``flat`` is constant."""
    rng = np.random.default_rng(0)
    colour = rng.choice(["dark_red", "pale_blue", "pale_green"], n)
    frame = pd.DataFrame(
        {"motif": rng.poisson(1.0, n), "size": rng.normal(size=n), "colour": colour, "flat": 1}
    )
    score = 2.0 * (colour == "dark_red") + 0.5 * frame["motif"] + rng.normal(size=n) * 0.1
    return frame.assign(y=score)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whatif")
    classes_frame().to_csv(folder / "table.csv", index=False)
    result = whatif(folder / "table.csv", "--target", "label", "-o", folder / "out", *N)
    assert result.exit_code == 0, result.output
    return folder, result


@pytest.fixture(scope="module")
def counts():
    """Answers on ``counted_frame``."""
    table = make_table(counted_frame(), "y", name="counts")
    return answer_whatif(
        table, Training(networks=3), progress_for(quiet=True), asked=["motif", "colour"]
    )


def printed(answers, width=80):
    stream = io.StringIO()
    show_answers(Console(file=stream, width=width, markup=False, highlight=False), answers)
    return stream.getvalue()


# What is written


def test_writes_four_files_and_leaves_nothing_else(done):
    assert {path.name for path in (done[0] / "out").iterdir()} == FILES
    assert (done[0] / "out" / "whatif.png").read_bytes().startswith(b"\x89PNG")


def test_effects_and_doses_are_those_of_the_selector(done):
    ranking, effects, doses = read(done[0] / "out")
    frame = classes_frame()
    X, y = frame.drop(columns="label"), frame["label"]
    ensemble = GIATransformer.default_estimator(n_networks=2)
    gia = GIATransformer(ensemble, random_state=0).fit(X, y)
    expected = gia.intervention_effects_.to_frame()
    assert list(effects) == EFFECTS
    keys = ["intervention", "output"]
    found = effects.set_index(keys).loc[list(expected[keys].itertuples(index=False))]
    for name in ("effect", "low", "high", "network_std", "support", "off_manifold"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, err_msg=name)
    assert effects["rank"].is_monotonic_increasing
    assert effects["feature"][0] == "signal"
    order = X.columns[np.argsort(gia.ranking_)]
    assert ranking["feature"].tolist() == list(order)
    signed = gia.class_importances_[:, np.argsort(gia.ranking_)]
    np.testing.assert_allclose(ranking["for_top"], signed[2], rtol=1e-4)
    curve = dose_response(gia, X, "signal")
    of_signal = doses[doses["feature"] == "signal"]
    np.testing.assert_allclose(of_signal["effect"], curve.effects.effects.ravel(), rtol=1e-4)
    np.testing.assert_allclose(of_signal["dose"].unique(), curve.doses, rtol=1e-5)
    assert of_signal["flagged"].any()


def test_texts_counts_and_constants(counts):
    effects = counts.effects
    assert set(effects["feature"]) == {"motif", "size", "colour"}
    said = effects.drop_duplicates("intervention").groupby("feature")["intervention"].agg(set)
    # The whole level, though it is spelled with an underscore.
    assert said["colour"] == {
        *("set(colour=dark_red)", "set(colour=pale_blue)", "set(colour=pale_green)")
    }
    assert said["motif"] == {"remove(motif)", "add(motif+1)"}
    assert said["size"] == {"quantile(size+0.25)", "quantile(size-0.25)"}
    effect = effects.set_index("intervention")["effect"]
    assert effect["set(colour=dark_red)"] > 0.8
    assert effect["add(motif+1)"] > 0.2 > 0 > effect["remove(motif)"]
    assert set(effects["output"]) == {"y"}
    assert counts.ranking["feature"].tolist()[:2] == ["colour", "motif"]
    doses = counts.doses.groupby("feature")["dose"].agg(list)
    assert sorted(doses["colour"]) == ["dark_red", "pale_blue", "pale_green"]
    assert doses["motif"][:3] == [0.0, 1.0, 2.0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "alone", "asked"),
    [
        ("smoker", "colour", {"quantile(pair+0.25)", "quantile(pair-0.25)"}),
        ("colour", "smoker", {"swap(pair)"}),  # no row has two colours, or none
    ],
)
def test_groups_are_set_whole(tmp_path, other, alone, asked):
    mixed_frame().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "groups.csv").write_text(f"size,pair\n{other},pair\n")
    result = whatif(
        *(tmp_path / "t.csv", "--target", "grade", "-o", tmp_path / "out", *N),
        *("--groups", tmp_path / "groups.csv", "--feature", "pair", "--counts", "1"),
    )
    assert result.exit_code == 0, result.output
    ranking, effects, doses = read(tmp_path / "out")
    assert set(ranking["feature"]) == {alone, "day", "pair"}
    assert set(doses["feature"]) == {"pair"}
    assert set(effects.loc[effects["feature"] == "pair", "intervention"]) == asked
    assert ranking.set_index("feature").loc["pair", ["for_no", "for_yes"]].isna().all()


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_targets_of_any_size_keep_their_unit(tmp_path, size):
    frame = counted_frame().drop(columns="colour")
    for name, unit in (("one", 1.0), ("large", size)):
        frame.assign(y=frame["y"] * unit).to_csv(tmp_path / f"{name}.csv", index=False)
        result = whatif(tmp_path / f"{name}.csv", "--target", "y", "-o", tmp_path / name, *N)
        assert result.exit_code == 0, result.output
        _, effects, _ = read(tmp_path / name)
        effect = effects.set_index("intervention").loc["add(motif+1)"]
        assert 0.3 < effect["effect"] / unit < 0.7
        assert effect["low"] < effect["effect"] < effect["high"]


# What is shown


def test_prints_for_a_pipe_eighty_characters_wide(done):
    _, result = done
    report = [line for line in result.stdout.splitlines() if not line.startswith("Wrote to")]
    assert max(map(len, report)) <= 80
    said = " ".join(result.stdout.split())
    for expected in (
        "120 rows, 4 columns to rank, 3 classes of label",
        "2 networks on 120 rows; balanced accuracy on the rows held out from each ",
        "Effects, all 4 rank feature every row class effect",
        "(few)",
        "mean change of the class's centred logit",
        " at 3 features 1 if all networks choose the same features",
    ):
        assert expected in said
    assert "\x1b" not in result.output


def test_named_features_show_every_dose(counts):
    text = printed(counts)
    assert "Effects on y\n" in text
    assert "Doses of motif, effects on y" in text
    assert "Doses of colour" not in text  # its levels stand among the effects
    assert "set =dark_red" in text
    assert "remove" in text
    assert "quantile" not in text.replace("quantile +", "")
    assert max(map(len, text.splitlines())) <= 80


def classified(answers, names):
    """The same effects on classes of these names, at values that 12,767 rows have."""
    one = answers.effects[answers.effects["feature"] == "size"]
    said = one["intervention"].str.replace("size", LONG)
    one = one.assign(feature=LONG, intervention=said, support=12767.0, flagged=False)
    effects = pd.concat([one.assign(output=name) for name in names], ignore_index=True)
    table = dataclasses.replace(answers.table, task="classification")
    return dataclasses.replace(
        answers, table=table, asked=[], effects=effects, validation=(0.5, -0.3, 1.2)
    )


@pytest.mark.parametrize("width", [80, 100, 140])
def test_names_make_room_for_numbers(counts, width):
    answers = classified(counts, ["Strong enhancer", "Weak enhancer", "Inactive"])
    lines = printed(answers, width).splitlines()
    assert max(map(len, lines)) <= width
    (head,) = (line for line in lines if line.startswith("rank"))
    assert "…" not in head
    assert " ".join(head.split()) == "rank feature every row class effect 95 % interval rows there"
    shown = [line for line in lines if line.endswith(" 12,767")]
    assert shown
    for line in shown:
        effect, low, to, high, _ = line.split()[-5:]
        assert to == "to"
        assert all(re.fullmatch(r"[+-]\d+\.\d{3}", number) for number in (effect, low, high))
    assert (LONG in "\n".join(shown)) == (width > 80)


def test_an_interval_of_an_accuracy_ends_where_accuracies_do(counts):
    text = " ".join(printed(classified(counts, ["a", "b", "c"])).split())
    assert "held out from each 0.500 (95 % interval 0.000 to 1.000)." in text


def test_one_network_has_no_interval_and_says_so(tmp_path):
    counted_frame(60).to_csv(tmp_path / "t.csv", index=False)
    arguments = ("--target", "y", "-o", tmp_path / "out", "--networks", "1")
    result = whatif(tmp_path / "t.csv", *arguments)
    assert result.exit_code == 0, result.output
    assert "One network has no interval." in " ".join(result.stdout.split())
    assert "nan" not in result.stdout.lower()
    assert "1 network on 60 rows" in result.stdout
    assert "Stability: not known" in result.stdout


def test_the_figure_has_a_panel_for_each_feature(counts):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    figure = draw_doses(counts)
    motif, colour, *rest = figure.axes
    assert [ax.get_title(loc="left") for ax in (motif, colour)] == ["motif", "colour"]
    assert not [ax for ax in rest if ax.axison]
    assert [text.get_text() for text in colour.get_xticklabels()] == [
        *("dark_red", "pale_blue", "pale_green")
    ]
    assert figure.get_supylabel() == "mean change of y"
    few = counts.doses.query("feature == 'motif'")["flagged"].to_numpy(dtype=bool)
    empty = [line for line in motif.lines if line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in empty) == few.sum() > 0
    assert pyplot.get_fignums() == before


def test_the_title_says_which_classes_are_drawn_and_that_networks_are_at_chance(counts):
    names = [f"class {i}" for i in range(8)]
    doses = pd.concat([counts.doses.assign(output=name) for name in names], ignore_index=True)
    many = dataclasses.replace(classified(counts, names), doses=doses)
    said = "on the 6 of 8 classes that move most", "no better than chance: this means nothing"
    for answers, expected in (
        (counts, (False, False)),
        (many, (True, False)),
        (dataclasses.replace(many, at_chance=True), (True, True)),
    ):
        title = " ".join(draw_doses(answers).get_suptitle().split())
        assert tuple(words in title for words in said) == expected


def test_the_title_fits_the_figure_of_one_panel(counts):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    motif = counts.doses[counts.doses["feature"] == "motif"]
    table = dataclasses.replace(counts.table, name="a rather long name of a table.csv")
    figure = draw_doses(dataclasses.replace(counts, doses=motif, table=table, at_chance=True))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure._suptitle.get_window_extent(canvas.get_renderer())
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_a_ranking_by_values_that_few_rows_have_says_so(counts):
    assert not any("Networks guess there" in note for note in counts.notes)
    effects = counts.effects.sort_values("rank", kind="stable")
    sizes = effects["effect"].abs()
    rare = effects["feature"].isin(["motif", "colour"])
    largest = sizes == sizes.groupby(effects["feature"]).transform("max")
    (note,) = _guessed(effects.assign(flagged=largest & rare))
    assert note.startswith("2 of the first 3 features have their largest effect at values")
    # Half of them, or what is small, is no reason to doubt the order.
    assert not _guessed(effects[rare].assign(flagged=largest & (effects["feature"] == "motif")))
    assert not _guessed(effects.assign(flagged=~largest))
    (alone,) = _guessed(effects[effects["feature"] == "motif"].assign(flagged=True))
    assert alone.startswith("The only feature has its largest effect")
    assert not _guessed(effects[:0])


@pytest.mark.slow
def test_probabilities_are_asked_for(done, tmp_path):
    folder, _ = done
    arguments = ("--target", "label", "-o", tmp_path / "out", "--scale", "proba", *N)
    result = whatif(folder / "table.csv", *arguments)
    assert result.exit_code == 0, result.output
    assert "mean change of the class's probability" in result.stdout
    _, effects, _ = read(tmp_path / "out")
    assert effects["effect"].abs().max() <= 1
    sums = effects.groupby("intervention")["effect"].sum()
    np.testing.assert_allclose(sums, 0, atol=1e-4)


# Errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--feature", "Signal"], "did you mean 'signal'?"),
        (["--feature", "label"], "no column 'label'"),
        (["--feature", "flat"], "'flat' has the same value in every row"),
        (["--counts", "3,999"], "has 5 features to rank, fewer than 999; give numbers from 1 to 5"),
        (["--scale", "odds"], "--scale"),
    ],
)
def test_wrong_arguments_exit_with_two(tmp_path, arguments, said):
    classes_frame().assign(flat=1).to_csv(tmp_path / "t.csv", index=False)
    result = whatif(tmp_path / "t.csv", "--target", "label", "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_help_explains_the_files():
    described = whatif("--help").output
    for expected in (*FILES, "off_manifold", "95 % interval of the mean over networks"):
        assert expected in described
    # Names as they stand in the files.
    for one in (remove("x"), add("x", 1), set_to("x", 1), quantile_shift("x", 0.25), swap("x")):
        assert one.describe("x") in described
