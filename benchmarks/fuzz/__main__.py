"""Random good and bad inputs for the selectors and ensembles; none may surprise.

    python -m benchmarks.fuzz [--cases N] [--first SEED] [--one SEED] [--json FILE] [--quick]

Every seed is one case: a table, a target, weights, parameters, a network and calls after the fit,
ordinary or absurd. ``right`` and ``refused`` (by an error of our own, or of scikit-learn's
validation) are as it should be. Faults are ``foreign`` (an error that something underneath has
raised), ``silent NaN``, ``warning`` (of numpy, torch, pandas), ``global state`` (generators,
threads, default types), ``left behind`` (something on the estimator or network after a failed
fit), ``wrong``, ``hang`` and ``crash``. Exits with 1 if there is any. ``--one`` shows a case.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from benchmarks.common.measure import write_json
from benchmarks.fuzz.cases import drawn_case
from benchmarks.fuzz.outcomes import FAULTS, Outcome, outcome_of, outcome_of_seed, prepare

KINDS = ("right", "refused", *FAULTS, "crash")


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.fuzz", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--cases", type=int, default=10_000, help="number of cases")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first")
    parser.add_argument("--one", type=int, metavar="SEED", help="show this case alone")
    parser.add_argument("--json", metavar="FILE", help="write the counts as one flat object")
    parser.add_argument("--quick", action="store_true", help="200 cases")
    options = parser.parse_args()
    if options.one is not None:
        show(options.one)
        return
    n = 200 if options.quick else options.cases
    began, counts = time.perf_counter(), collections.Counter(dict.fromkeys(KINDS, 0))
    for seed, found in outcomes(range(options.first, options.first + n)):
        counts.update({one.kind for one in found})
        for one in found:
            if one.kind not in ("right", "refused"):
                print(f"seed {seed}: {one.kind}: {one.detail}", flush=True)
    print(f"{n} cases from seed {options.first}, {time.perf_counter() - began:.0f} s")
    for kind, count in counts.items():
        print(f"{kind.replace(' ', '_')} {count}")
    write_json(options.json, {kind.replace(" ", "_"): counts[kind] for kind in KINDS})
    sys.exit(any(counts[kind] for kind in (*FAULTS, "crash")))


def outcomes(seeds: range) -> Iterator[tuple[int, list[Outcome]]]:
    """Outcomes of the cases, run in a process of their own that may die."""
    left = list(seeds)
    with tempfile.TemporaryDirectory() as folder:
        while left:
            with ProcessPoolExecutor(1, get_context("spawn"), prepare, (folder,)) as pool:
                try:
                    while left:
                        found = pool.submit(outcome_of_seed, left[0]).result()
                        yield left.pop(0), found
                except BrokenProcessPool:
                    yield left.pop(0), [Outcome("crash", "the process died")]


def show(seed: int) -> None:
    """Print a case, its outcome and the traceback of its error."""
    prepare(tempfile.gettempdir())
    case = drawn_case(seed)
    print("\n".join(case.notes))
    print("fit with", case.given)
    for one in outcome_of(case):
        print(f"{one.kind}: {one.detail}")
    case = drawn_case(seed)
    fitted = case.estimator.fit(case.X, case.y, **case.given)
    for call in case.calls:
        call(fitted, case.rows, case.y)


if __name__ == "__main__":
    main()
