"""Sequences: what is reached, and what it costs beside the peers.

    python -m benchmarks.sequences [--json FILE] [--quick] [--parts NAME ...] [--data DIR]

Each part is a file of this folder, which says what its figures are, and has a function
``figures(quick, data)`` that returns a flat dict.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.parts import run_parts

PARTS = ("counts", "commands", "shuffles", "local")


def main(arguments: Sequence[str] | None = None) -> None:
    run_parts(
        "benchmarks.sequences",
        __doc__.splitlines()[0],
        PARTS,
        arguments,
        quick="small cases, few rounds",
        data="where the real tables are",
    )


if __name__ == "__main__":
    main()
