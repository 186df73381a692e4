"""Everything that the paper shows of one table, printed and as flat numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.common.motif_tables import (
    EXPECTED_FAMILY,
    available,
    deepbind_bound,
    deepbind_classes,
    promoters_arabidopsis,
    starr_mesc_motif_table,
)
from benchmarks.paper_deeplifft import motifs
from benchmarks.paper_deeplifft.figures import (
    SHORT_LISTS,
    Figures,
    figure1,
    figure1_figures,
    figure3,
    figure3_figures,
    sizes_for,
)
from benchmarks.paper_deeplifft.print import (
    accuracy_rows,
    aligned,
    curve_rows,
    draw,
    say,
    shares_line,
    top_five,
)
from benchmarks.paper_deeplifft.problems import Problem, generated, real
from benchmarks.paper_deeplifft.rankings import METHODS, SETTINGS, Scores, rank_all
from benchmarks.paper_deeplifft.verdict import TABLES

#: Rows (training, validation, test), columns and classes of the generated table.
GENERATED = {
    "quick": ((3_000, 1_000, 1_000), 128, 4),
    "normal": ((12_000, 4_000, 4_000), 512, 8),
    "full": ((54_495, 13_577, 16_871), 512, 8),
}
FOLDERS = ("starr_mesc_motif_table", "promoters_arabidopsis", "deepbind_encode_B")
#: Motifs shown for each class in Figures 4-6.
TOP = 8


def problems(
    size: str, data_dir: str | None, names: Sequence[str] | None = None
) -> Iterator[Problem]:
    """The generator's table, and those real ones that are there, one after the other.

    Those of `names`, if they are named; else a quick run leaves out the two large ones.
    """
    here, quick = available(data_dir), size == "quick"
    names = names or (("generator", "starr") if quick else TABLES)
    if "generator" in names:
        yield generated(*GENERATED[size])
    if "starr" in names and "starr_mesc_motif_table" in here:
        yield real("starr", starr_mesc_motif_table(data_dir), 3 if quick else 10)
    if "arabidopsis" in names and "promoters_arabidopsis" in here:
        yield real("arabidopsis", promoters_arabidopsis(data_dir), 1)
    if "deepbind" in names and "deepbind_encode_B" in here:
        yield real("deepbind", deepbind_classes(data_dir), 1 if quick else 2)


def study(problem: Problem, methods: Sequence[str], jobs: int, folder: str | None) -> Figures:
    """All that the paper shows of one table: print it, return the flat numbers."""
    table, start = problem.table, time.perf_counter()
    n, d = table.X.shape
    splits = f"{len(problem.splits)} split{'s' * (len(problem.splits) > 1)}"
    say(f"\n=== {table.name}: {n:,} x {d}, {len(table.target_names)} classes, {splits}")
    ranked = rank_all(problem, methods, jobs)
    seconds = {m: ranked[0][m].seconds for m in methods}
    say("Seconds a ranking: " + ", ".join(f"{m} {s:.1f}" for m, s in seconds.items()))
    figures = {f"seconds_{problem.key}_{m}": s for m, s in seconds.items()}
    figures |= truth(problem, ranked)
    figures |= lists(problem, ranked, jobs, folder)
    figures |= show_motifs(problem, ranked)
    return figures | {f"seconds_{problem.key}": time.perf_counter() - start}


def figure1_study(problem: Problem, methods: Sequence[str], jobs: int) -> Figures:
    """Figure 1 alone: print it, return the flat numbers."""
    n, d = problem.table.X.shape
    say(f"\n=== {problem.table.name}: {n:,} x {d}, {len(problem.splits)} split(s), Figure 1")
    ranked = rank_all(problem, methods, jobs)
    seconds = {m: sum(of_split[m].seconds for of_split in ranked) for m in methods}
    say("Seconds of all splits: " + ", ".join(f"{m} {s:.1f}" for m, s in seconds.items()))
    curves = figure1(problem, ranked, jobs)
    say(*aligned(curve_rows(sizes_for(d), curves)))
    return figure1_figures(problem.key, curves)


def truth(problem: Problem, ranked: Sequence[Mapping[str, Scores]]) -> Figures:
    """Against what was planted, published, or is known of the classes."""
    if problem.truth is not None:
        say("Truth: average precision of each class's positive causal motifs, by class score")
        say(*aligned(motifs.truth_rows(problem, ranked[0])))
        return motifs.truth_figures(problem, ranked[0])
    if problem.table.published is not None:
        shared = motifs.published_shared(problem, ranked)
        say(f"Share of the published selection in as long a list: {shares_line(shared)}")
        return {f"published_shared_{m}": share for m, share in shared.items()}
    if not problem.table.expected:
        return {}
    shares = {t: motifs.family_shares(problem, ranked, t) for t in problem.table.expected}
    for factor, found in shares.items():
        family = EXPECTED_FAMILY[factor]
        say(f"{factor} among seven, {family} first, share of splits: {shares_line(found)}")
    return motifs.family_figures("seven_classes_family_first", shares)


def lists(
    problem: Problem, ranked: Sequence[Mapping[str, Scores]], jobs: int, folder: str | None
) -> Figures:
    """Figures 1 and 3."""
    d = problem.table.X.shape[1]
    sizes, short = sizes_for(d), sizes_for(d, SHORT_LISTS)
    curves = figure1(problem, ranked, jobs)
    say("Figure 1: average precision of logistic regression on the top n, class against all others")
    say(*aligned(curve_rows(sizes, curves)))
    cells = figure3(problem, ranked, jobs)
    say("Figure 3: balanced accuracy of a forest and of a network on the top n of each ranking")
    say(*aligned(accuracy_rows(short, cells)))
    if folder:
        draw(folder, problem.key, (sizes, short), curves, cells)
    return figure1_figures(problem.key, curves) | figure3_figures(problem.key, cells)


def show_motifs(problem: Problem, ranked: Sequence[Mapping[str, Scores]]) -> Figures:
    """Table 1, and Figures 4-6, of the first split."""
    joint = motifs.joint_weights(problem)
    say("Table 1: motifs that the forest likes for the wrong class, with signed class scores")
    say("  (joint: weight in logistic regression on all motifs, class against all others)")
    say(*aligned(motifs.table1_rows(problem, ranked[0], joint)))
    for c, name in enumerate(problem.table.target_names):
        for setting in ("default", "paper"):
            say(f"Figures 4-6: {name}, {setting}: top {TOP} by class score, then the lowest")
            say(*aligned(motifs.top_rows(problem, ranked[0][setting], c, TOP)))
    return motifs.table1_figures(problem, ranked[0], joint)


def families(data_dir: str | None, n_splits: int, factors: Sequence[str], jobs: int) -> Figures:
    """Bound against shuffled, split by pair: does the expected family come first?"""
    start, shares, with_dimers = time.perf_counter(), {}, {}
    say(f"\n=== deepbind_encode_B, bound against shuffled, {n_splits} split(s) by pair")
    for factor in factors:
        problem = real(factor, deepbind_bound(factor, data_dir), n_splits)
        ranked = rank_all(problem, METHODS, jobs)
        shares[factor] = motifs.family_shares(problem, ranked, "bound")
        with_dimers[factor] = motifs.family_shares(problem, ranked, "bound", dimers=True)
        say(f"{factor}: {EXPECTED_FAMILY[factor]} first, share of splits:")
        say(f"  {shares_line(shares[factor])}")
        for setting in SETTINGS:
            scores = ranked[0][setting]
            say(f"  {setting}, by class: {top_five(problem, scores, scores.signed[1])}")
            say(f"  {setting}, overall:  {top_five(problem, scores, scores.overall)}")
    figures = motifs.family_figures("family_first", shares)
    figures |= motifs.family_figures("family_or_dimer_first", with_dimers)
    figures["family_first_tried"] = float(sum(factor in shares for factor in motifs.FOUR))
    return figures | {"seconds_families": time.perf_counter() - start}
