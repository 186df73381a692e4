"""Examples and files that commands write, for the end of their help."""

from __future__ import annotations

__all__ = ["COMPARE", "COMPLETION", "DEMO", "GATES", "INTERACTIONS", "MOTIFS", "RANK", "REPORT"]
__all__ += ["WHATIF"]


def _with_examples(files: str, *examples: str) -> str:
    r"""Examples before the files; ``\b`` keeps click from filling lines."""
    lines = "\n".join(f"  $ sklearn-deeplifft {example}" for example in examples)
    return f"\b\nExamples:\n{lines}" + (f"\n\n{files}" if files else "")


RANK_FILES = """\b
Files written:
  ranking.csv     one row per column, best first
    rank          by importance, 1 the best
    group         only with --groups: the feature that the column belongs
                  to, whose rank, importance, std and class scores it has
    importance    share of the scores, and of the path of a penalty that
                  closes features, mean over the rounds of elimination;
                  adds up to 1 over features, to less where networks
                  learned nothing
    std           standard deviation of importance over networks (divisor
                  N - 1, as everywhere; empty with one network)
    for_<class>   signed, -1 to 1: mean change of the probability of the
                  class, over its examples that are classified correctly;
                  its size says how much the class hangs on the feature
    slope_of_<class>
                  change of the centred logit of the class for one
                  standard deviation more of the column (of a skewed one
                  on its logarithmic scale): positive speaks for the
                  class, negative against it; empty for a text
    slope_of_<target>
                  instead of these in a regression: standard deviations
                  of the target for one of the column; empty for a text
  comparison.csv  one row for each number of features and each method
    score         mean of linear_score and forest_score on the held-out
                  rows; standard_error is over resampled test rows
    features      the features chosen, joined by ';'
  features.png    both as one figure
"""

NETWORKS_RANKING = """\
  ranking.csv     one row per feature, best first
    importance    {importance}
    std           standard deviation of importance over networks (divisor
                  N - 1; empty with one network)
    low, high     95 % bootstrap interval of the mean over networks (empty
                  with one)
    mean_rank, rank_std
                  mean and standard deviation, over networks, of its rank
                  in each; 1 is best
    frequency_<k> share of the networks, 0 to 1, that have it among their
                  own first k features (--counts)
"""

GATE_FILES = f"""\b
Files written:
  gates.csv       one row per network, one column per feature: how much
                  of it its gates let through; a row adds up to 1 (zeros
                  where every gate is closed)
{NETWORKS_RANKING.format(importance="mean of its column of gates.csv")}\
    for_<class>   not in a regression: signed, -1 to 1, mean change of
                  the probability of the class, over its examples that
                  are classified correctly (for a group or a text, the
                  sum over its columns); its size says how much the class
                  hangs on the feature
    slope_of_<class>
                  change of the centred logit of the class for one
                  standard deviation more of the feature (of a skewed one
                  on its logarithmic scale): positive speaks for the
                  class, negative against it; empty for a group or a text
    slope_of_<target>
                  instead of these in a regression: standard deviations
                  of the target for one of the feature
"""

OF_CHANGES = """mean size of a row's change; steps above one standard
                  deviation of the column count as one"""

WHATIF_FILES = f"""\b
Files written:
{NETWORKS_RANKING.format(importance=OF_CHANGES)}\
    for_<class>   not in a regression: effect on the class of having more
                  of it, by a standard deviation at most; empty for a
                  group or a text
  effects.csv     one row for each intervention and class
    intervention  what was done to every row: remove(x), add(x+1),
                  set(x=1); quantile(x+0.25), a shift up by a quarter of
                  the rows; swap(x), the values of another row
    effect        mean change of the class (--scale), or of the target
    low, high     95 % interval of the mean over networks: what another
                  training would have said, not other rows
    network_std   standard deviation of effect over networks (divisor N - 1;
                  empty with one network)
    standard_error
                  Monte-Carlo error of the mean over rows; no evidence
    positive_share
                  share of the rows whose prediction rises
    changed_share share of the rows that the intervention changes
    support       rows of the table at the level that rows are brought to
                  (median); flagged below 20
    off_manifold  share of the moved rows that are further from the table
                  than 99 % of its rows are
    partners      columns that usually move along (correlation beyond 0.7)
  doses.csv       one row for each feature, dose and class: effect of
                  giving every row this value, as above; dates as dates;
                  of a text its levels, of a group what is done to it
  whatif.png      effects, and doses of the top features, as one figure
"""

MOTIF_FILES = """\b
Files written:
  counts.npz      hits of every motif in every sequence, a sparse matrix with
                  feature_names, class and sequence; `rank counts.npz
                  --target class` reads it
  ranking.csv     one row per motif: families by rank, motifs in them by
                  motif_importance
    importance    of the family, as in `rank`, std too; low, high: 95 %
                  bootstrap interval of the mean over networks
    for_<class>   of the family, signed, as in `rank`
    sign_for_<class>
                  1 where more hits of the family speak for the class, -1
                  against it, 0 where its motifs differ
    hits          mean number of hits per sequence
    motif_importance
                  of the motif, read from the networks on all motifs: mean
                  size of the change of the class's probability, 0 to 1,
                  with its interval motif_low, motif_high
    motif_for_<class>
                  of the motif, signed, -1 to 1
    slope_of_<class>
                  change of the centred logit of the class for one standard
                  deviation more hits: positive speaks for the class
  comparison.csv  as in `rank`
  composition.csv AUROC of motif counts, GC content and dinucleotides, mean and
                  standard deviation over the same folds; confounds: within
                  .02 of the motifs, or above
  hits.bed        every hit of the 20 best families (sequence, start, end,
                  motif, ten times the score, strand, score in bits)
  motifs.png      families, classes and logos as one figure
"""

PAGE_FILES = """\b
Files written:
  report.html     one page, to be opened by any browser; nothing is fetched
"""

COMPARE_FILES = """\b
Files written:
  comparison.csv  one row for each number of features and each method
    score         mean over folds of the mean of linear_score and
                  forest_score on the fold's rows
    standard_error
                  of that mean, over folds, which share rows: no test
  folds.csv       the same fold by fold, with the features chosen
  comparison.png  as one figure
"""

RANK = _with_examples(
    RANK_FILES,
    "rank wine.csv --target class",
    "rank counts.tsv.gz --target tissue --row-groups donor --counts 5,10",
    "rank wine.csv --target class --json --quiet > ranking.json",
)
GATES = _with_examples(
    GATE_FILES,
    "gates wine.csv --target class",
    "gates wine.csv --target class --networks 40 --jobs -1 -o gates",
)
WHATIF = _with_examples(
    WHATIF_FILES,
    "whatif wine.csv --target class",
    "whatif wine.csv --target class --feature alcohol --scale proba",
)
INTERACTION_FILES = """\b
Files written:
  interactions.csv  one row for each pair, the surest first
    output        class (or target) that the pair moves most
    score         root of the mean square of what the two do together beyond
                  the sum of each alone, once they take the values of other
                  rows; above 0 for pairs that only add up as well
    low, high     95 % interval over networks: how far they agree
    gain          share of the loss that predictions of the rows held out
                  lose by what networks make of the pair
    z, p_value    whether it predicts them at all, one-sided
    q_value       the same after Benjamini and Hochberg: expected share of
                  false pairs among those up to this one
    rows_...      training rows low in both (neither), high in one, in both
    flagged       fewer than 20 rows are in one of the four
    off_manifold  share of the moved rows that are further from the table
                  than 99 % of its rows are
  interactions.png  the features that meet as a map, and the strongest pairs
"""
INTERACTIONS = _with_examples(
    INTERACTION_FILES,
    "interactions wine.csv --target class",
    "interactions counts.tsv --target tissue --groups families.tsv --pairs 200",
)
MOTIFS = _with_examples(
    MOTIF_FILES,
    "motifs promoters.fa enhancers.fa.gz",
    "motifs peaks.fa --against shuffles --motifs JASPAR2026:plants",
)
REPORT = _with_examples(
    PAGE_FILES,
    "report wine.csv --target class",
    "report counts.tsv.gz --target tissue --row-groups donor -o tissue.html",
    "report wine.csv --target class --nulls --all-rows",
)
COMPARE = _with_examples(
    COMPARE_FILES,
    "compare wine.csv --target class",
    "compare wine.csv --target class --selector rank --selector gates --folds 10",
)
DEMO = _with_examples(RANK_FILES, "demo", "demo -o somewhere --quiet")
COMPLETION = """\b
Examples:
  $ eval "$(sklearn-deeplifft completion bash)"
  $ sklearn-deeplifft completion zsh >> ~/.zshrc
  $ sklearn-deeplifft completion fish > ~/.config/fish/completions/sklearn-deeplifft.fish
"""
