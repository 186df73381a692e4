"""Commands. Wrong arguments exit with 2, wrong data with 1, Ctrl-C with 130; no traceback.

Loads nothing but click: what works is imported when there is work.
"""

from __future__ import annotations

from pathlib import Path

import click

from sklearn_deeplifft import __version__
from sklearn_deeplifft.cli import _help
from sklearn_deeplifft.cli._completion import SHELLS, completion_script
from sklearn_deeplifft.cli._errors import Commands, replace_what_cannot_be_shown
from sklearn_deeplifft.cli._options import with_page, with_results, with_source, with_training
from sklearn_deeplifft.cli._repeat import command_line
from sklearn_deeplifft.cli._settings import Motifs, Results, Source, Training

__all__ = ["main"]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try `sklearn-deeplifft demo`, then `sklearn-deeplifft rank --help`.",
)
@click.version_option(__version__, prog_name="sklearn-deeplifft")
def main() -> None:
    """Rank the features of a table by what trained neural networks learned of them."""
    replace_what_cannot_be_shown()


@main.command(epilog=_help.RANK)
@with_source
@with_training("18, or 10 where 800 different rows or more train")
@click.option(
    "--all-rows",
    is_flag=True,
    help="Rank once more on all rows, those held out included; twice the time.",
)
@with_results
def rank(source: Source, training: Training, results: Results, all_rows: bool) -> None:
    """Rank the features of TABLE and compare the ranking with others.

    TABLE has one row per example: text with any separator, .parquet, .feather, .xlsx, JSON lines,
    .npz or .h5ad, compressed or not. Columns of numbers and dates are features, and so is a column
    of text. Rankings are made on 70 % of the rows and tested on the others.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.rank(source, training, results, all_rows=all_rows)


@main.command(epilog=_help.REPORT)
@with_source
@with_training("18, or 10 where 800 different rows or more train without --nulls")
@click.option(
    "--all-rows",
    is_flag=True,
    help="Rank once more on all rows, those held out included; twice the time.",
)
@click.option(
    "--nulls",
    is_flag=True,
    help="Compare each feature with null ones that the networks read beside it: p and q.",
)
@with_page
@click.pass_context
def report(
    context: click.Context,
    source: Source,
    training: Training,
    results: Results,
    name: str,
    all_rows: bool,
    nulls: bool,
) -> None:
    """Rank the features of TABLE, and write one HTML page about it.

    The page needs no network and no other file: how well the networks predict, what to distrust,
    the ranking (to be sorted and searched), classes, the comparison with other methods, stability,
    dose and response, and how to repeat it. TABLE is a file as in `rank`.
    """
    from sklearn_deeplifft.cli import _page_runs

    told = command_line(context, without=("quiet", "as_json", "jobs", "checkpoint_dir"))
    _page_runs.report(source, training, results, name, told, all_rows=all_rows, nulls=nulls)


@main.command(epilog=_help.COMPARE)
@with_source
@with_training("that of each selector")
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    default=5,
    show_default=True,
    metavar="N",
    help="Parts of the rows, each of which tests rankings of the others.",
)
@click.option(
    "--selector",
    "selectors",
    type=click.Choice(["rank", "gates", "whatif"]),
    multiple=True,
    default=["rank"],
    show_default=True,
    help="Commands whose way to rank is compared with the others; may be repeated.",
)
@with_results
def compare(
    source: Source,
    training: Training,
    results: Results,
    folds: int,
    selectors: tuple[str, ...],
) -> None:
    """Compare ways to rank the features of TABLE, all on the same folds.

    `rank` compares on one part of the rows; this does so on every part in turn, and gives means
    with their standard errors. It takes as many times as long. TABLE is a file as in `rank`.
    """
    from sklearn_deeplifft.cli import _page_runs

    kinds = tuple(dict.fromkeys(selectors))
    _page_runs.compare(source, training, results, n_folds=folds, selectors=kinds)


@main.command(epilog=_help.COMPLETION)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script by which SHELL completes commands, options and files."""
    click.echo(completion_script(main, shell))


@main.command(epilog=_help.DEMO)
@with_results
def demo(results: Results) -> None:
    """Rank the features of two real tables that come with scikit-learn.

    digits: 1,797 images of 64 pixels, 10 classes. breast_cancer: 569 rows, 30 features, 2
    classes. Each gets a folder of its own in the output folder.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.demo(results)


@main.command(epilog=_help.GATES)
@with_source
@with_training("20, or 100 with --paper")
@click.option("--paper", is_flag=True, help="Networks and training of the paper; much slower.")
@with_results
def gates(source: Source, training: Training, results: Results, paper: bool) -> None:
    """Rank the features of TABLE by the gates of many networks.

    Every feature passes a gate, a weight of its own, before the first layer of a network. Each
    network is trained on all rows but a fold of its own, and its gates are written down. TABLE is
    a file as in `rank`.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.gates(source, training, results, paper=paper)


@main.command(epilog=_help.WHATIF)
@with_source
@with_training("10")
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="NAME",
    help="Column or group to look at; may be repeated. Without it, the first ones of the ranking.",
)
@click.option(
    "--scale",
    type=click.Choice(["logit", "proba"]),
    default="logit",
    show_default=True,
    help="Unit of effects on a class: its centred logit, or its probability.",
)
@with_results
def whatif(
    source: Source, training: Training, results: Results, features: tuple[str, ...], scale: str
) -> None:
    """Say what networks predict for TABLE once its features are set.

    Every feature of every row is removed, added to, set, shifted or swapped, and the mean change of
    each class (or of the target) is written down, with its interval over networks and the number of
    rows that there are at such values. Networks are trained on all rows but a fold each. TABLE is
    a file as in `rank`.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.whatif(source, training, results, features=features, scale=scale)


@main.command(epilog=_help.INTERACTIONS)
@with_source
@with_training("10")
@click.option(
    "--pairs",
    "n_pairs",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="Strongest pairs of all, which are tested on the rows held out.",
)
@with_results
def interactions(source: Source, training: Training, results: Results, n_pairs: int) -> None:
    """Say which features of TABLE work together.

    Networks are trained on 70 % of the rows. All pairs are scored by what two features do together
    beyond the sum of what each does alone, and the strongest are tested on the other rows: does
    what the networks make of the pair predict them? TABLE is a file as in `rank`.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.interactions(source, training, results, n_pairs=n_pairs)


@main.command(epilog=_help.MOTIFS)
@click.argument(
    "fasta",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--motifs",
    "database",
    default="JASPAR2026:vertebrates",
    show_default=True,
    help="A release of JASPAR and a taxon, or a file in the MEME, JASPAR or TRANSFAC format.",
)
@click.option(
    "--against",
    type=click.Choice(["shuffles"]),
    help="Compare one FASTA file with shuffles of it that keep every dinucleotide; a sequence and "
    "its shuffle are held out together.",
)
@click.option(
    "--families",
    type=click.Choice(["similarity", "class", "none"]),
    default="similarity",
    show_default=True,
    help="Motifs that are one feature: clusters of like motifs by Tomtom, the structural families "
    "of JASPAR, or none.",
)
@click.option(
    "--p-value",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=1e-4,
    show_default=True,
    help="Of a site of random letters, at which a motif hits.",
)
@with_training("18, or 10 where 800 different rows or more train")
@with_results
def motifs(
    fasta: tuple[Path, ...],
    database: str,
    against: str | None,
    families: str,
    p_value: float,
    training: Training,
    results: Results,
) -> None:
    """Rank the motifs that tell sequences of DNA apart: one FASTA file per class.

    Motifs are counted in every sequence, on both strands, and the table of counts is ranked as
    `rank` does, by family of motifs. What GC content and dinucleotides alone tell of the classes is
    printed beside. FASTA may be compressed by gzip; - is standard input.
    """
    from sklearn_deeplifft.cli import _runs

    _runs.motifs(Motifs(fasta, database, against, families, p_value), training, results)
