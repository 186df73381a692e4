"""Redo the figures and the table of the DeepLIFFT paper, with our settings and their peers.

    python -m benchmarks.paper_deeplifft [--data DIR] [--json FILE] [--quick | --full]
                                         [--by-class] [--figures DIR] [--jobs N]
                                         [--selector default|zero|paper] [--tables A,B]

Every ranking is made on the training part, everything is judged on a common test part, and the
same settings serve all tables. ``default`` is ``DeepLIFFTSelector()``, ``zero`` the same with
the zero reference, ``paper`` is ``DeepLIFFTSelector.paper_parameters()``; the peers are a random
forest, the ANOVA F statistic and L1 logistic regression. ``--selector`` measures Figure 1 alone,
of one setting, and of the default also fitted on each class against all others, as L1 is:
``figure1_wins`` is the share of (class, n up to 20) at which the list by class score is at least as
good as L1's, ``figure1_wins_ranking`` that of the overall ranking, ``figure1_wins_one_against_all``
that of the lists so fitted.
"""

from __future__ import annotations

import argparse
import time

from joblib import cpu_count, parallel_config

from benchmarks.common.measure import write_json
from benchmarks.common.motif_tables import EXPECTED_FAMILY, available
from benchmarks.paper_deeplifft import motifs
from benchmarks.paper_deeplifft.figures import Figures
from benchmarks.paper_deeplifft.print import say
from benchmarks.paper_deeplifft.rankings import BY_CLASS, METHODS, ONE_AGAINST_ALL, SETTINGS
from benchmarks.paper_deeplifft.study import FOLDERS, families, figure1_study, problems, study
from benchmarks.paper_deeplifft.verdict import TABLES, totals, verdict


def run(options: argparse.Namespace) -> Figures:
    """The whole benchmark."""
    start = time.perf_counter()
    size = "quick" if options.quick else "full" if options.full else "normal"
    if options.selector:
        return figure1_alone(options, size) | {"seconds": time.perf_counter() - start}
    methods = (*METHODS, BY_CLASS) if options.by_class else METHODS
    for folder in FOLDERS:
        if folder not in available(options.data):
            say(f"{folder} is not there, so it is skipped; --data DIR names another place.")
    figures: Figures = {}
    for problem in problems(size, options.data, options.tables):
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


def figure1_alone(options: argparse.Namespace, size: str) -> Figures:
    """Figure 1 of one setting."""
    methods = [options.selector, *([BY_CLASS] if options.by_class else ()), "l1"]
    if options.selector == "default":
        methods.insert(1, ONE_AGAINST_ALL)
    figures: Figures = {}
    for problem in problems(size, options.data, options.tables):
        figures |= figure1_study(problem, methods, options.jobs)
    return figures | totals(figures)


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.paper_deeplifft", description=__doc__.splitlines()[0]
    )
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
    parser.add_argument(
        "--selector", choices=tuple(SETTINGS), help="measure Figure 1 alone, of this setting"
    )
    parser.add_argument("--tables", metavar="A,B", help=f"of {', '.join(TABLES)}")
    options = parser.parse_args()
    options.tables = options.tables.split(",") if options.tables else None
    if unknown := set(options.tables or ()) - set(TABLES):
        parser.error(f"--tables {','.join(sorted(unknown))} must be of {', '.join(TABLES)}.")
    with parallel_config(backend="loky", inner_max_num_threads=1):
        figures = run(options)
    for name in (
        "auprc_class_truth",
        "contrary_sign_ok",
        "family_first",
        "family_first_class_score",
        "figure1_wins",
        "figure1_wins_ranking",
        "figure1_wins_one_against_all",
    ):
        if name in figures:
            say(f"{name:28s} {figures[name]:.3f}")
    say(f"{figures['seconds']:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
