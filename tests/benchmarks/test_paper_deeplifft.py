import argparse
import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone

from benchmarks.common.motif_tables import Table
from benchmarks.paper_deeplifft import __main__ as command
from benchmarks.paper_deeplifft import figures as figure_parts
from benchmarks.paper_deeplifft import rankings, study
from benchmarks.paper_deeplifft.figures import Question, l1_precision, refitted, sizes_for
from benchmarks.paper_deeplifft.l1 import l1_path, order_of_entry, with_at_most
from benchmarks.paper_deeplifft.motifs import (
    family_figures,
    family_precision,
    family_shares,
    liked_against,
    top_rows,
)
from benchmarks.paper_deeplifft.print import aligned
from benchmarks.paper_deeplifft.problems import Problem, Split, generated, real, role
from benchmarks.paper_deeplifft.rankings import SETTINGS, Scores, _in_turn, top
from benchmarks.paper_deeplifft.verdict import against, held, totals, verdict, winners
from sklearn_deeplifft import DeepLIFFTSelector

ROLES = {"n_private": 1, "family_size": 2, "n_null_families": 2, "n_pairs": 3, "class_skew": 1}
TINY = (300, 100, 200), 30, 3


def tiny():
    return generated(*TINY, **ROLES)


def scores(signed, overall=None):
    signed = np.asarray(signed, dtype=float)
    overall = signed.max(axis=0) if overall is None else np.asarray(overall, dtype=float)
    return Scores(np.abs(signed), signed, overall, 0.0)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """The quick run on a tiny table, with quick settings and no real table in reach."""
    folder = tmp_path_factory.mktemp("paper")
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as console:
        for name, settings in SETTINGS.items():
            usual = settings.get("estimator", DeepLIFFTSelector.default_estimator())
            fast = {"hidden_layer_sizes": (32,), "max_epochs": 10, "n_networks": 1}
            if usual.gates is not None:
                fast["path_steps"] = 20
            networks = clone(usual).set_params(**fast)
            patch.setitem(SETTINGS, name, {**settings, "estimator": networks})
        patch.setattr(rankings, "TREES", 10)
        patch.setattr(figure_parts, "TREES", 10)
        for module in (figure_parts, study):
            patch.setattr(module, "SHORT_LISTS", (5, 20))
        problem = generated((150, 50, 100), 30, 3, **ROLES)
        patch.setattr(command, "problems", lambda size, data_dir, names: iter([problem]))
        printed = []
        console.setattr("builtins.print", lambda text, flush: printed.append((text, flush)))
        asked = ["--quick", "--by-class", "--jobs", "1", "--data", str(folder)]
        written = ["--json", str(folder / "out.json"), "--figures", str(folder / "png")]
        patch.setattr(sys, "argv", ["paper_deeplifft", *asked, *written])
        command.main()
    return folder, printed


@pytest.mark.slow
def test_json_is_one_flat_object_of_finite_numbers(output):
    figures = json.loads((output[0] / "out.json").read_text())
    assert {"auprc_class_truth", "contrary_sign_ok", "figure1_wins", "seconds"} <= set(figures)
    assert not any(name.startswith("family_first") for name in figures)
    for name, value in figures.items():
        assert isinstance(value, float), name
        assert math.isfinite(value), name
    shares = {n: v for n, v in figures.items() if any(p in n for p in ("wins", "auprc", "re3"))}
    assert {n: v for n, v in shares.items() if not 0 <= v <= 1 + 1e-12} == {}
    assert figures["figure1_wins"] == figures["figure1_wins_generator_default"]
    assert figures["figure1_cells_generator"] == 3 * 20


@pytest.mark.slow
def test_every_line_is_printed_at_once_and_absent_tables_are_named(output):
    folder, printed = output
    assert all(flush for _, flush in printed)
    lines = [text for text, _ in printed]
    assert sum("is not there, so it is skipped" in line for line in lines) == 3
    parts = ["Truth", "Figure 1", "Figure 3", "Table 1", "Figures 4-6", "\n=== Verdict"]
    starts = [next(i for i, line in enumerate(lines) if line.startswith(p)) for p in parts]
    assert starts == sorted(starts)
    figures = json.loads((folder / "out.json").read_text())
    assert set(verdict(figures)) <= set(lines)
    assert {path.name for path in (folder / "png").iterdir()} == {
        "figure1_generator.png",
        "figure3_generator.png",
    }


@pytest.mark.slow
def test_the_verdict_follows_the_numbers(output):
    figures = json.loads((output[0] / "out.json").read_text())
    good = {n: 1.0 if "wins" in n or "contrary" in n else v for n, v in figures.items()}
    good |= {n: 0.9 if n.endswith("_default") else 0.5 for n in figures if "figure1_auprc" in n}
    said = "\n".join(verdict(good))
    assert "With default (0.900, at least as good in 100% of cells) the claim holds." in said
    assert "holds with default, holds with zero, holds with paper" in said
    assert "Figure 1, class lists, generator: default (" in said
    bad = good | {n: 0.0 for n in figures if "figure1_wins" in n or "contrary" in n}
    bad |= {"figure1_auprc_generator_default": 0.1}
    said = "\n".join(verdict(bad))
    assert "With default (0.100, at least as good in 0% of cells) the claim does not hold." in said
    assert "does not hold with default" in said
    assert verdict({}) == []
    assert totals({}) == {}


def test_totals_weigh_tables_by_their_cells():
    figures = {"figure1_cells_generator": 160.0, "figure1_cells_starr": 20.0}
    figures |= {"figure1_wins_generator_default": 0.25, "figure1_wins_starr_default": 1.0}
    figures |= {"figure1_wins_generator_paper": 0.5}
    assert totals(figures) == {"figure1_wins": pytest.approx(60 / 180)}


@pytest.mark.parametrize(
    ("share", "gain", "said"),
    [(1, 0.1, "holds"), (0.5, 0, "holds"), (0.4, 0, "holds in part"), (0.4, -0.1, "does not hold")],
)
def test_held(share, gain, said):
    assert held(share, gain) == said


def test_small_differences_are_draws():
    assert [against(gain) for gain in (0.1, 0.001, -0.1)] == ["better", "a draw", "worse"]
    assert winners({"default": 0.8, "zero": 0.799, "paper": 0.7}) == ["default", "zero"]


def test_pairs_stay_together_and_parts_do_not_overlap():
    y, groups = np.tile([0, 1], 50), np.repeat(np.arange(50), 2)
    table = Table("t", np.ones((100, 2), np.float32), y, ("a", "b"), ("no", "yes"), groups)
    problem = real("t", table, 3)
    assert len(problem.splits) == 3
    assert list(problem.questions) == [1]
    for train, test in problem.splits:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == 100


def test_the_generated_test_part_is_the_generators():
    problem = tiny()
    train, test = problem.splits[0]
    assert (len(train), len(test)) == (400, 200)
    assert test[0] == problem.truth.split["test"].start
    roles = [role(problem.truth, j) for j in range(30)]
    assert roles.count("private to 0") == 2
    assert roles.count("family of none") == 4
    assert roles.count("background") == 30 - 6 - 4 - 6 - 6
    assert all(f"{kind} of {c}" in roles for kind in ("host", "contrary", "pair") for c in range(3))


def planted(n=600, d=12):
    rng = np.random.default_rng(0)
    X = rng.poisson(0.5, (n, d)).astype(np.float32)
    logit = 2 * X[:, 3] - 1.5 * X[:, 7] + X[:, 5]
    return X, (logit + rng.logistic(size=n) > 0.5).astype(int)


def test_l1_path_grows_by_one_weight_and_keeps_signs():
    X, y = planted()
    path = l1_path(X, y, 50)
    assert path[0].size <= 1
    assert path[-1].size == 12
    assert {point.size for point in path} >= set(range(1, 11))
    signed = order_of_entry(path, 12)
    np.testing.assert_array_equal(top(np.abs(signed), 3), [3, 7, 5])
    np.testing.assert_array_equal(np.sign(signed[[3, 7, 5]]), [1, -1, 1])
    assert with_at_most(path, 3).size == 3
    assert with_at_most(path[:0], 3) is None


def test_l1_gets_the_better_of_two_readings():
    X, y = planted()
    question = Question(X[:400], y[:400], X[400:], y[400:])
    point = with_at_most(l1_path(X[:400], y[:400], 5), 3)
    assert l1_precision(question, point) >= refitted(question, np.flatnonzero(point.coef))
    assert l1_precision(question, None) == y[400:].mean()
    assert l1_precision(question, None, ()) == y[400:].mean()


def test_one_against_all_sees_a_class_and_not_that_class(monkeypatch):
    asked = []

    class Fitted:
        def __init__(self, y):
            self.ranking_ = np.array([1, 2, 3]) if y[0] else np.array([3, 2, 1])

    def fitted(part, settings):
        asked.append(part.y)
        return Fitted(part.y)

    monkeypatch.setattr(rankings, "_fitted", fitted)
    part = rankings.Training(np.zeros((4, 3)), np.array([0, 1, 2, 0]), 3, None, 0)
    found = rankings.deeplifft_one_against_all(part)
    np.testing.assert_array_equal(asked, [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_array_equal(found.by_class, [[-1, -2, -3], [-3, -2, -1], [-3, -2, -1]])
    two = part._replace(y=np.array([0, 1, 1, 0]), n_classes=2)
    assert len(rankings.deeplifft_one_against_all(two).by_class) == 2
    assert len(asked) == 4


@pytest.mark.long
@pytest.mark.slow
def test_figure_1_alone(tmp_path, monkeypatch, capsys):
    def quick(part, settings):
        rank = 1 + np.argsort(np.argsort(-np.abs(part.X[part.y == 1].mean(0) - part.X.mean(0))))
        classes = np.tile(1.0 / rank, (part.n_classes, 1))
        return argparse.Namespace(ranking_=rank, class_importances_=classes)

    monkeypatch.setattr(rankings, "_fitted", quick)
    monkeypatch.setattr(
        command, "problems", lambda *_: iter([generated((150, 50, 100), 30, 3, **ROLES)])
    )
    written = tmp_path / "out.json"
    asked = ["--selector", "default", "--jobs", "1", "--json", str(written)]
    monkeypatch.setattr(sys, "argv", ["paper_deeplifft", *asked])
    command.main()
    figures = json.loads(written.read_text())
    wins = ("figure1_wins", "figure1_wins_ranking", "figure1_wins_one_against_all")
    assert set(wins) <= set(figures)
    assert all(0 <= figures[name] <= 1 for name in wins)
    assert figures["figure1_auprc_generator_l1_refitted"] <= figures["figure1_auprc_generator_l1"]
    assert "figure1_wins_one_against_all" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["paper_deeplifft", "--tables", "unknown"])
    with pytest.raises(SystemExit):
        command.main()


def test_problems_are_those_that_are_named(tmp_path):
    assert list(study.problems("quick", str(tmp_path), ["starr"])) == []


def test_a_table_without_so_many_columns_has_shorter_lists():
    assert sizes_for(4) == (1, 2, 3, 4)
    assert sizes_for(79)[-1] == 50


def test_classes_take_turns():
    order = top(_in_turn(np.array([[3.0, 2, 1, 0], [3, 0, 1, 2]])), 4)
    np.testing.assert_array_equal(order, [0, 1, 3, 2])


def test_a_family_counts_once_and_own_pairs_not_at_all():
    truth = tiny().truth
    signed = np.zeros(30)
    signed[truth.host[[0, 2]]] = 1.0  # a host speaks for its class and for the next
    copies = np.flatnonzero((truth.family == 0) & ~np.isin(np.arange(30), truth.representative))
    signed[copies] = 1.0
    signed[[j for k, *pair in truth.pairs if k == 0 for j in pair]] = 2.0
    assert family_precision(truth, signed, 0) == 1.0
    signed[truth.contrary[0]] = 2.0
    assert family_precision(truth, signed, 0) < 1.0


def expecting_fox():
    names = ("MA0001.1 FOXA1", "MA0002.1 ELK1", "MA0003.1 CTCF")
    X = np.array([[2, 0, 1], [1, 0, 1], [0, 1, 1], [0, 2, 0]], dtype=np.float32)
    y = np.array([1, 1, 0, 0])
    table = Table("t", X, y, names, ("shuffled", "bound"), expected={"bound": "FOX"})
    return Problem("t", table, (Split(np.arange(4), np.arange(4)),))


def test_families_by_class_and_by_ranking():
    right = scores([[0, 1, 0], [3, 1, 2]], [3, 2, 1])
    wrong = scores([[0, 1, 0], [1, 3, 2]], [3, 2, 1])
    splits = [{"default": right}, {"default": wrong}, {"default": right}]
    shares = family_shares(expecting_fox(), splits, "bound")
    assert shares == {"default": pytest.approx(2 / 3), "default_ranking": 1.0}
    figures = family_figures("family_first", {"FOXA1": shares, "MYC": {**shares, "default": 0.5}})
    assert figures["family_first"] == 1
    assert figures["family_first_ranking"] == 2
    assert figures["family_first_share_of_splits"] == pytest.approx(7 / 12)
    assert family_figures("family_first", {}) == {}


def test_a_dimer_leads_only_where_dimers_count():
    problem = expecting_fox()
    names = ("MA0001.1 FOXO1::ELK1", *problem.table.feature_names[1:])
    dimer = replace(problem, table=replace(problem.table, feature_names=names))
    first = [{"default": scores([[0, 1, 0], [3, 1, 2]])}]
    assert family_shares(dimer, first, "bound")["default"] == 0
    assert family_shares(dimer, first, "bound", dimers=True)["default"] == 1


def test_liked_for_the_wrong_class_is_enriched_and_negative():
    forest, ours = scores(np.ones((2, 3))), scores([[0, 1, 0], [-1, -1, 1]])
    ranked = {"forest": forest, "default": ours}
    np.testing.assert_array_equal(liked_against(expecting_fox(), ranked, 1), [0])
    rows = top_rows(expecting_fox(), ours, 1, 1)
    assert [row[0] for row in rows[1:]] == ["MA0003.1 CTCF", "MA0001.1 FOXA1"]
    assert rows[1][1:] == ["+1.0000", "1.000", "0.500", "CTCF"]


def test_aligned():
    assert aligned([["a", "bc"], ["def", "g"]]) == ["  a    bc", "  def  g"]
    assert aligned([["only", "a header"]]) == ["  none"]
