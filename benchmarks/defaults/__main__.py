"""Whether one default ensemble would serve all three readings.

    python -m benchmarks.defaults [--json FILE] [--quick] [--only quality|effects|cleveland]

``ImportanceNeuronSelector`` (``gates``) and ``GIATransformer`` (``gia``), each with its ``own``
default ensemble and with the ``common`` one, that of ``DeepLIFFTSelector``. Quality: balanced
accuracy of logistic regression and of a forest on the 5 and the 10 best features of tables that no
other benchmark reports, and the seconds of the fits. Effects: how far effects of interventions are
from a truth that is known, and how often their 95 % intervals hold. Cleveland: how far two
ensembles agree on a ranking, and how well they predict.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from benchmarks.common.measure import N_CORES, write_json
from benchmarks.defaults.cleveland import on_cleveland
from benchmarks.defaults.effects import effects
from benchmarks.defaults.lists import quality


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.defaults", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="three small tables, fewer networks")
    parser.add_argument("--only", choices=["quality", "effects", "cleveland"])
    parser.add_argument("--data", metavar="DIR", help="where the folder development/ is")
    options = parser.parse_args(arguments)
    began, figures = time.perf_counter(), {}
    parts = {
        "quality": lambda: quality(options.quick, options.data),
        "effects": lambda: effects(options.quick),
        "cleveland": lambda: on_cleveland(options.quick),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            figures |= part()
    for name, value in figures.items():
        print(f"{name:48s} {value:10.4f}")
    print(f"{time.perf_counter() - began:.0f} s in all, {N_CORES} cores")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
