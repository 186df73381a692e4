"""The figures, from cells made by hand; and the command, on a tiny table."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.common.gate_tables import PLANTED
from benchmarks.common.quality_tables import QualityTable, load
from benchmarks.quality import __main__ as command
from benchmarks.quality import study
from benchmarks.quality.cells import Cell
from benchmarks.quality.print import report, rows_report, stability_report
from benchmarks.quality.summary import (
    by_count,
    by_split,
    figures,
    mean_ranks,
    quality_cells,
    rows,
    stability,
    stability_figures,
    tried_tables,
    written_rows,
)
from benchmarks.quality.under_rows import stability_rows, stability_rows_figures


def made(*cells):
    return {cell.key: cell for cell in cells}


def cell(selector, split, score, *, table="t", k=3, seconds=1.0, seed=None, columns=(0, 1, 2)):
    """With `score` of both learners, or without a result where it is None."""
    seed = split if seed is None else seed
    start = table, split, selector, seed, "1"
    if score is None:
        return Cell(*start, "timeout", seconds, seconds, message="stopped")
    scores = {k: {"logistic": score - 0.1, "forest": score + 0.1}}
    return Cell(*start, "done", seconds, seconds, {k: list(columns)}, scores)


def two_splits(**of_selector):
    return made(
        *(
            cell(name, s, score)
            for name, pair in of_selector.items()
            for s, score in enumerate(pair)
        )
    )


def test_rows_are_one_for_each_learner():
    found = rows(two_splits(deeplifft=(0.6, 0.8)), [3])
    assert len(found) == 4
    assert found["balanced_accuracy"].mean() == pytest.approx(0.7)
    assert rows(two_splits(deeplifft=(0.6, 0.8)), [5]).empty


def test_written_rows_say_what_a_fit_took_and_what_has_no_result():
    written = written_rows(two_splits(deeplifft=(0.6, 0.8), l1=(0.61234, None)), [3])
    assert len(written) == 8
    start = {"table": "t", "k": 3, "selector": "l1", "downstream": "forest"}
    spent = {"seconds": 1.0, "cpu_seconds": 1.0}
    assert start | {"split": 0, "balanced_accuracy": 0.7123, "status": "done"} | spent in written
    assert start | {"split": 1, "balanced_accuracy": None, "status": "timeout"} | spent in written


def test_ranks_share_ties_and_put_last_what_has_no_result():
    cells = two_splits(
        deeplifft=(0.6, 0.8),
        forest=(0.7, 0.7),
        l1=(0.9, 0.9),
        rfe=(0.99, None),
        f_test=(None, None),
    )
    means = by_count(by_split(cells, [3]))
    assert means["f_test"].isna().all()
    ranks = mean_ranks(means)
    assert ranks.to_dict() == {
        "l1": 1.0,
        "deeplifft": 2.5,
        "forest": 2.5,
        "rfe": 5.0,
        "f_test": 5.0,
    }


def test_margins_and_the_best_peer_are_on_splits_that_both_have():
    cells = two_splits(deeplifft=(0.6, 0.8), l1=(0.5, 0.8), rfe=(None, 0.815), lassonet=(0.7, None))
    found = figures(cells, 2, [3])
    assert found["margin_l1"] == pytest.approx(0.05)
    assert found["margin_rfe"] == pytest.approx(-0.015)
    assert found["margin_lassonet"] == pytest.approx(-0.1)
    assert found["share_within_001"] == 0
    assert (found["mean_rank_default"], found["best_peer_mean_rank"]) == (1, 2)
    assert found["hindsight_l1"] == pytest.approx(0.05)
    near = figures(two_splits(deeplifft=(0.6, 0.8), l1=(0.61, 0.805)), 2, [3])
    assert near["hindsight_l1"] == 0
    assert near["share_within_001"] == 1


def test_a_table_counts_once_every_selector_was_tried():
    cells = two_splits(deeplifft=(0.6, 0.8), l1=(0.5, 0.8))
    cells |= made(*(cell("deeplifft", s, 0.5, table="u") for s in (0, 1)))
    assert tried_tables(cells, 2) == ["t"]
    assert figures(cells, 2, [3])["table_k_cells"] == 1
    cells |= made(cell("l1", 0, 0.4, table="u"), cell("l1", 1, None, table="u"))
    assert figures(cells, 2, [3])["table_k_cells"] == 2


def test_time_that_lassonet_spent_in_vain_counts_but_not_what_it_never_began():
    cells = made(
        *(cell("deeplifft", s, 0.5, seconds=10.0) for s in range(3)),
        cell("lassonet", 0, 0.5, seconds=60.0),
        cell("lassonet", 1, None, seconds=40.0),
        cell("lassonet", 2, None, seconds=0.0),
    )
    assert figures(cells, 3, [3])["time_share_of_lassonet"] == pytest.approx(0.2)


def test_planted_columns_are_counted():
    half = [*PLANTED[:10], *range(10)]
    cells = made(
        cell("deeplifft", 0, 0.5, table="madelon", k=20, columns=PLANTED),
        cell("deeplifft", 1, 0.5, table="madelon", k=20, columns=half),
        *(cell("l1", s, 0.5, table="madelon", k=20, columns=half) for s in (0, 1)),
    )
    assert figures(cells, 2, [20])["madelon_recall20"] == 15


def test_a_peer_is_compared_with_ours_and_the_other_peers():
    cells = two_splits(deeplifft=(0.8, 0.8), l1=(0.795, 0.795), rfe=(0.75, 0.75), gia=(0.9, 0.9))
    found = figures(cells, 2, [3])
    assert found["share_within_001"] == found["share_within_001_l1"] == 1
    assert found["share_within_001_rfe"] == 0
    assert "share_within_001_gia" not in found  # ours as well: no peer, and no bar


def test_the_careful_elimination_is_the_one_that_is_named():
    found = figures(two_splits(deeplifft=(0.6, 0.8), logistic_elimination=(0.5, 0.8)), 2, [3])
    assert found["margin_elimination"] == pytest.approx(0.05)


def test_the_worst_table_is_where_its_best_peer_leads_most():
    def of(selector, table, *scores):
        parts = [
            cell(selector, s, score, table=table, k=k)
            for k, score in zip((3, 5), scores, strict=True)
            for s in (0, 1)
        ]
        both = [
            Cell(*a.key[:4], "1", "done", 1.0, 1.0, a.lists | b.lists, a.scores | b.scores)
            for a, b in zip(parts[:2], parts[2:], strict=True)
        ]
        return both

    cells = made(
        *of("deeplifft", "t", 0.7, 0.7),
        *of("l1", "t", 0.8, 0.64),
        *of("rfe", "t", 0.6, 0.9),
        *of("deeplifft", "u", 0.7, 0.7),
        *of("l1", "u", 0.5, 0.5),
        *of("rfe", "u", 0.5, 0.5),
    )
    found = figures(cells, 2, [3, 5])
    assert found["worst_table_margin"] == pytest.approx(-0.05)
    assert found["worst_table_margin_at_each_k"] == pytest.approx(-0.15)


def test_time_over_a_peer_is_of_splits_that_both_began():
    cells = made(
        cell("deeplifft", 0, 0.5, seconds=10.0),
        cell("deeplifft", 1, 0.5, seconds=30.0),
        cell("forest", 0, 0.5, seconds=1.0),
        cell("forest", 1, None, seconds=0.0),
        *(cell("lightgbm", s, 0.5, seconds=5.0) for s in (0, 1)),
        *(cell("deeplifft", s, 0.5, seconds=40.0, table="u") for s in (0, 1)),
        *(cell("forest", s, 0.5, seconds=2.0, table="u") for s in (0, 1)),
        *(cell("lightgbm", s, 0.5, seconds=5.0, table="u") for s in (0, 1)),
    )
    found = figures(cells, 2, [3])
    assert found["cpu_over_forest_median"] == 15  # of 10 and 20
    assert found["cpu_over_forest_sum"] == 18
    assert found["cpu_over_lightgbm_sum"] == 6


def test_stability_under_rows_is_over_halves_and_lengths_of_list():
    def half(selector, number, ten, twenty, table="t"):
        lists = {1: ten, 2: twenty}
        start = table, 0, selector, 0, "1", "done", 1.0, 1.0
        return Cell(*start, lists, resample=number)

    cells = made(
        half("deeplifft", 1, [0], [0, 1]),
        half("deeplifft", 2, [0], [0, 2]),
        half("forest", 1, [0], [0, 1]),
        half("forest", 2, [1], [0, 2]),
        half("l1", 1, [0], [0, 1]),
        cell("l1", 0, 0.5),
    )
    found = stability_rows(cells, {"t": (4, (1, 2))}, 2)
    assert found.loc[("t", 1), "deeplifft"] == 1
    assert found.loc[("t", 2), "deeplifft"] == pytest.approx(1 - (0.5 + 0.5) / 4 / 0.25)
    assert "l1" not in found
    assert stability_rows_figures(found)["stability_rows_wins"] == 1
    assert stability_rows_figures(found)["stability_rows_deeplifft"] == pytest.approx(0.5)
    found.loc[("u", 1), "forest"] = 0.5  # ours did not finish
    assert stability_rows_figures(found)["stability_rows_wins"] == 0.5
    assert any("1.000*" in line for line in rows_report(found, 2))
    assert quality_cells(cells, 1).keys() == {cell("l1", 0, 0.5).key}
    assert stability_rows_figures(stability_rows({}, {}, 2)) == {}


def test_no_figures_without_ours():
    assert figures(two_splits(l1=(0.5, 0.8)), 2, [3]) == {}


def test_stability_is_of_seeds_on_the_first_split():
    def seeds(selector, *lists):
        return [cell(selector, 0, 0.5, seed=i, columns=found) for i, found in enumerate(lists)]

    cells = made(
        *seeds("deeplifft", [0, 1, 2], [2, 1, 0]),
        *seeds("forest", [0, 1, 2], [0, 1, 3]),
        *seeds("extra_trees", [0, 1, 2]),
    )
    found = stability(cells, {"t": (6, 3)}, 2)
    assert found.loc["t", "deeplifft"] == 1
    assert found.loc["t", "forest"] == pytest.approx(1 - (0.5 + 0.5) / 6 / 0.25)
    assert "extra_trees" not in found
    assert stability_figures(found) == {"stability_wins": 1}
    found.loc["u"] = {"forest": 0.5}  # ours did not finish
    found.loc["v"] = {"deeplifft": 0.5}
    assert stability_figures(found) == {"stability_wins": 0.5}
    assert any("1.000*" in line for line in stability_report(found, 2))
    assert quality_cells(cells, 1).keys() == {key for key in cells if key.seed == 0}


def test_report_marks_the_best_and_what_is_lost():
    cells = two_splits(deeplifft=(0.6, 0.8), l1=(0.7, 0.8), rfe=(0.5, None))
    text = "\n".join(report(cells, 2, [3]))
    row = next(line for line in text.splitlines() if line.startswith("     3"))
    assert "0.700 " in row
    assert "0.750*" in row
    assert row.endswith("< -0.050")
    assert "timeout: rfe on t, split 1: stopped" in text
    assert " cpu s      2.0       2.0       2.0 " in text
    assert "Mean rank over 1 (table, k): l1 1.00, deeplifft 2.00, rfe 3.00" in text


def test_a_run_that_is_not_finished_is_reported():
    cells = two_splits(deeplifft=(0.6, 0.8), rfe=(0.5, 0.6))
    alone = [replace(cell, table="u") for cell in cells.values() if cell.selector == "deeplifft"]
    text = "\n".join(report(cells | {cell.key: cell for cell in alone}, 2, [3]))
    assert " cpu s      2.0       0.0 " in text
    assert "Not every selector was tried yet on u" in text


def tiny(data_dir):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12)).astype(np.float32)
    return QualityTable("breast_cancer", X, (X[:, 2] + X[:, 5] > 0).astype(np.int64))


@pytest.mark.long
@pytest.mark.slow
def test_the_command_runs_resumes_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(command.TABLES, "breast_cancer", tiny)
    asked = ["--datasets", "breast_cancer,sonar", "--data", str(tmp_path), "--quick"]
    asked += ["--cells", str(tmp_path / "cells.jsonl"), "--selectors", "all,f_test,extra_trees"]
    asked += ["--json", str(tmp_path / "out" / "quality.json")]
    command.main(asked)
    printed = capsys.readouterr().out
    assert "sonar is passed over" in printed
    assert "breast_cancer, split 0, extra_trees, seed 1" in printed
    written = json.loads((tmp_path / "out" / "quality.json").read_text())
    assert len(written["cells"]) == 3 * 2 * 2 + 3
    assert {row["k"] for row in written["cells"]} == {0, 5, 10}
    lines = (tmp_path / "cells.jsonl").read_text()
    command.main(asked)
    assert "split 0" not in capsys.readouterr().out
    assert (tmp_path / "cells.jsonl").read_text() == lines


def test_figures_and_rows_are_one_object(tmp_path):
    found = {"margin_l1": 0.1, "cells": [{"k": 3}, {"k": 5}]}
    study.write(str(tmp_path / "a.json"), found)
    assert json.loads((tmp_path / "a.json").read_text()) == found
    study.write(None, found)


@pytest.mark.parametrize("option", ["--datasets", "--selectors", "--redo", "--learners"])
def test_unknown_names_are_refused(option, capsys):
    with pytest.raises(SystemExit):
        command.parsed([option, "f_test,unknown"])
    assert f"{option} " in capsys.readouterr().err


def test_a_paper_of_a_hundred_networks_is_left_to_every():
    assert "importance_neurons_paper" not in command.parsed([]).selectors
    assert "importance_neurons_paper" in command.parsed(["--selectors", "every"]).selectors
    assert load("breast_cancer").name in command.parsed(["--quick"]).datasets


def test_a_hundred_forests_are_left_out_of_a_quick_run():
    assert "boruta" in command.parsed([]).selectors
    assert "boruta" not in command.parsed(["--quick"]).selectors
    assert "boruta" in command.parsed(["--quick", "--selectors", "boruta"]).selectors


def test_tables_to_choose_on_are_apart_from_those_reported():
    report, development = command.parsed([]), command.parsed(["--tables", "development"])
    assert not set(report.datasets) & set(development.datasets)
    assert {"yale", "orlraws10p"} <= set(development.datasets)
    with pytest.raises(SystemExit):
        command.parsed(["--tables", "development", "--datasets", "sonar"])


def test_other_rows_are_asked_of_four_selectors_unless_they_are_named():
    asked = ["--only", "stability_rows"]
    four = ("deeplifft", "forest", "l1", "logistic_elimination")
    assert command.parsed(asked).selectors == four
    assert command.parsed([*asked, "--selectors", "mrmr"]).selectors == ("mrmr",)
