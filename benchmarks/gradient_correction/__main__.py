"""The published study of corrected gradients, on its own networks.

    python -m benchmarks.gradient_correction [--json FILE] [--quick] [--parts NAME ...] [--data DIR]

Eight networks of Majdandzic, Rajesh and Koo (Genome Biology 24:109, 2023), two of each kind, are
held against sequences whose motifs were planted by their recipe. Each part is a file of this
folder, which says what its figures are, and has a function ``figures(quick, data)`` that returns a
flat dict.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.parts import run_parts

PARTS = ("correction", "exactness", "gauge", "networks", "filters")


def main(arguments: Sequence[str] | None = None) -> None:
    run_parts(
        "benchmarks.gradient_correction",
        __doc__.splitlines()[0],
        PARTS,
        arguments,
        quick="one network of a kind, few sequences",
        data="where the networks and the motifs are",
    )


if __name__ == "__main__":
    main()
