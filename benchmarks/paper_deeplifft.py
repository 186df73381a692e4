"""Redo the figures and the table of the DeepLIFFT paper, with our settings and their peers.

    python -m benchmarks.paper_deeplifft [--data DIR] [--json FILE] [--quick | --full]
                                         [--by-class] [--figures DIR] [--jobs N]

Every ranking is made on the training part, everything is judged on a common test part, and the
same settings serve all tables. ``default`` is ``DeepLIFFTSelector()``, ``zero`` the same with
the zero reference, ``paper`` is ``DeepLIFFTSelector.paper_parameters()``; the peers are a random
forest, the ANOVA F statistic and L1 logistic regression.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence

from joblib import cpu_count, parallel_config

from benchmarks import _paper_motifs as motifs
from benchmarks._measure import write_json
from benchmarks._paper_figures import (
    SHORT_LISTS,
    Figures,
    figure1,
    figure1_figures,
    figure3,
    figure3_figures,
    sizes_for,
)
from benchmarks._paper_print import (
    accuracy_rows,
    aligned,
    curve_rows,
    draw,
    say,
    shares_line,
    top_five,
)
from benchmarks._paper_problems import Problem, generated, real
from benchmarks._paper_rankings import BY_CLASS, METHODS, SETTINGS, Scores, rank_all
from benchmarks._paper_verdict import totals, verdict
from benchmarks._tables import (
    EXPECTED_FAMILY,
    available,
    deepbind_bound,
    deepbind_classes,
    promoters_arabidopsis,
    starr_mesc_motif_table,
)

#: Rows (training, validation, test), columns and classes of the generated table.
GENERATED = {
    "quick": ((3_000, 1_000, 1_000), 128, 4),
    "normal": ((12_000, 4_000, 4_000), 512, 8),
    "full": ((54_495, 13_577, 16_871), 512, 8),
}
FOLDERS = ("starr_mesc_motif_table", "promoters_arabidopsis", "deepbind_encode_B")
#: Motifs shown for each class in Figures 4-6.
TOP = 8


def problems(size: str, data_dir: str | None) -> Iterator[Problem]:
    """The generator's table, and those real ones that are there, one after the other."""
    here, quick = available(data_dir), size == "quick"
    yield generated(*GENERATED[size])
    if "starr_mesc_motif_table" in here:
        yield real("starr", starr_mesc_motif_table(data_dir), 3 if quick else 10)
    if "promoters_arabidopsis" in here and not quick:
        yield real("arabidopsis", promoters_arabidopsis(data_dir), 1)
    if "deepbind_encode_B" in here and not quick:
        yield real("deepbind", deepbind_classes(data_dir), 2)


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


def run(options: argparse.Namespace) -> Figures:
    """The whole benchmark."""
    start = time.perf_counter()
    size = "quick" if options.quick else "full" if options.full else "normal"
    methods = (*METHODS, BY_CLASS) if options.by_class else METHODS
    for folder in FOLDERS:
        if folder not in available(options.data):
            say(f"{folder} is not there, so it is skipped; --data DIR names another place.")
    figures: Figures = {}
    for problem in problems(size, options.data):
        figures |= study(problem, methods, options.jobs, options.figures)
    if "deepbind_encode_B" in available(options.data):
        factors = motifs.FOUR if options.quick else tuple(EXPECTED_FAMILY)
        figures |= families(options.data, 1 if options.quick else 5, factors, options.jobs)
    figures |= totals(figures)
    say("\n=== Verdict", *verdict(figures))
    if "family_first" in figures:
        # A family ranks first by `ranking_`; first by the signed class score is another matter.
        figures["family_first_class_score"] = figures["family_first"]
        figures["family_first"] = figures["family_first_ranking"]
    figures["seconds"] = time.perf_counter() - start
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="DIR", help="folder that holds the real tables")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument("--quick", action="store_true", help="small tables, in three minutes")
    rows.add_argument("--full", action="store_true", help="the paper's number of rows")
    parser.add_argument(
        "--by-class", action="store_true", help="also eliminate for each class by itself"
    )
    parser.add_argument("--figures", metavar="DIR", help="draw Figures 1 and 3 here")
    parser.add_argument(
        "--jobs", type=int, default=min(2, cpu_count()), help="processes, of one thread each"
    )
    options = parser.parse_args()
    with parallel_config(backend="loky", inner_max_num_threads=1):
        figures = run(options)
    for name in (
        "auprc_class_truth",
        "contrary_sign_ok",
        "family_first",
        "family_first_class_score",
        "figure1_wins",
    ):
        if name in figures:
            say(f"{name:26s} {figures[name]:.3f}")
    say(f"{figures['seconds']:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
