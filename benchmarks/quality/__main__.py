"""Quality of short lists of features, ours and the peers', on real tables.

    python -m benchmarks.quality [--tables report|development] [--data DIR] [--datasets a,b]
                                 [--selectors a,b] [--learners a,b] [--quick]
                                 [--only quality|stability|stability_rows|summary]
                                 [--cells FILE ...] [--redo a,b] [--label TEXT] [--json FILE]

Every table is cut into three folds (stratified; by mouse for the mice); selectors see two of them
and name their best 3, 5, 10, 20 and 50 features; logistic regression, a random forest and a small
network trained on these columns are judged by balanced accuracy on the third. Lists that would hold
every feature are left out. Of splice junctions a feature is a position, four columns. Defaults are
chosen on the tables of ``--tables development``, of which none is reported.

A line of ``--cells`` for each (table, split, selector) is written as soon as it is known, and what
is there is not done again, so a run may be stopped, and its tables shared out: several files are
read, the newest of equal cells counts, and new cells go to the first file. ``--redo`` names
selectors whose cells are done again where they are of another version: for ours a digest of the
package's source, or ``--label``. A selector has ten minutes (of processor time, on one thread) for
all splits of a table and is stopped then: it has the worst rank on that table, and margins over it
are means over the splits that it has.

``mean_rank_default`` and ``best_peer_mean_rank`` are means over (table, k) of ranks among all
selectors but "all columns"; ``share_within_001`` is the share of (table, k) at which ours is at
most 0.01 below the best peer (with a peer's name: at which that peer is, of ours and all other
peers), ``margin_*`` its mean lead (``margin_elimination``: over the careful one), and
``hindsight_*`` that of the best of all selectors at each (table, k), chosen by the scores reported;
``worst_table_margin`` is its mean lead over k over a table's best peer, on the table where that is
least (``..._at_each_k``: over the best at each k); ``madelon_recall20`` how many of 20 planted
columns are in its top 20; ``time_share_of_lassonet`` its time over LassoNet's, ``cpu_over_*`` over
another's, the median over tables or the ratio of the sums; ``stability_wins`` the share of tables
on which five seeds agree more (Nogueira's index at 20 features) than a forest's do. A costly
selector's stability is measured where a fit takes less than 30 s. ``stability_rows_wins``, of
``--only stability_rows``, is the share of tables on which its lists of 10 and 20 from ten halves of
the rows agree at least as much as a forest's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.common.development_tables import DEVELOPMENT_TABLES
from benchmarks.common.quality_tables import TABLES
from benchmarks.quality.downstream import LEARNERS
from benchmarks.quality.selectors import SELECTORS
from benchmarks.quality.study import study
from benchmarks.quality.under_rows import COMPARED

CELLS = "results/quality.jsonl"
#: A hundred networks, one paper's setting, are left to ``--selectors every``.
USUAL = tuple(name for name in SELECTORS if name != "importance_neurons_paper")
TABLE_SETS = {"report": TABLES, "development": DEVELOPMENT_TABLES}
QUICK_TABLES = {
    "report": ("breast_cancer", "sonar", "ionosphere_random"),
    "development": ("wine", "yale", "generated_sensors"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        # A quick run measures anew, unless it is told where to keep what it measured.
        fallback = str(Path(folder) / "cells.jsonl") if options.quick else CELLS
        study(options, options.cells or [fallback])


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--tables", choices=tuple(TABLE_SETS), default="report", help="which set of tables"
    )
    parser.add_argument("--data", metavar="DIR", help="where the tables' folders are")
    named = "; ".join(f"of {', '.join(known)}" for known in TABLE_SETS.values())
    parser.add_argument("--datasets", metavar="A,B", help=named)
    parser.add_argument(
        "--selectors", metavar="A,B", help=f'of {", ".join(SELECTORS)}; or "every" one of them'
    )
    parser.add_argument("--learners", metavar="A,B", help=f"who judges, of {', '.join(LEARNERS)}")
    parser.add_argument("--quick", action="store_true", help="small tables, in five minutes")
    parts = ("quality", "stability", "stability_rows", "summary")
    parser.add_argument("--only", choices=parts, default="both")
    parser.add_argument(
        "--cells", metavar="FILE", nargs="+", help=f"read all, add to the first ({CELLS})"
    )
    parser.add_argument("--redo", metavar="A,B", help="of another version: do these again")
    parser.add_argument("--label", help="version of our selectors, instead of a digest")
    parser.add_argument("--json", metavar="FILE", help="write the figures, and every row")
    options = parser.parse_args(arguments)
    everything = tuple(SELECTORS) if options.selectors == "every" else USUAL
    if options.quick:  # a hundred forests are none
        everything = tuple(name for name in everything if name != "boruta")
    if options.only == "stability_rows" and not options.selectors:
        everything = COMPARED
    asked = None if options.selectors == "every" else options.selectors
    options.known = TABLE_SETS[options.tables]
    usual = QUICK_TABLES[options.tables] if options.quick else tuple(options.known)
    options.selectors = _named(parser, "--selectors", asked, SELECTORS, everything)
    options.datasets = _named(parser, "--datasets", options.datasets, options.known, usual)
    options.learners = _named(parser, "--learners", options.learners, LEARNERS, LEARNERS)
    options.redo = _named(parser, "--redo", options.redo, SELECTORS, ())
    return options


def _named(parser, option, text, known, usual):
    names = tuple(text.split(",")) if text else usual
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{option} {','.join(unknown)} must be of {', '.join(known)}.")
    return names


if __name__ == "__main__":
    main()
