"""Which features work together: what all pairs cost, and whether the right ones are found.

    python -m benchmarks.interactions [--json FILE] [--quick] [--parts NAME ...]

Each part is a file of this folder, which says what its figures are, and has a function
``figures(quick, data)`` that returns a flat dict.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.parts import run_parts

PARTS = ("speed", "closed_forms", "hessians", "detection", "null_pairs", "pipeline", "real")


def main(arguments: Sequence[str] | None = None) -> None:
    run_parts(
        "benchmarks.interactions",
        __doc__.splitlines()[0],
        PARTS,
        arguments,
        quick="few columns, few functions, one seed",
        data="folder of the real tables",
    )


if __name__ == "__main__":
    main()
