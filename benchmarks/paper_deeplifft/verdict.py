"""What the numbers say, in words. Every sentence is computed from the flat figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.paper_deeplifft.figures import LEARNERS, Figures
from benchmarks.paper_deeplifft.motifs import FOUR
from benchmarks.paper_deeplifft.rankings import PEERS, SETTINGS

TABLES = ("generator", "arabidopsis", "deepbind", "starr")
#: Differences of mean balanced accuracy or average precision below this are called a draw.
DRAW = 0.005


def totals(figures: Mapping[str, float]) -> Figures:
    """Share of all cells of Figure 1, over tables, at which a list is at least as good as L1's.

    ``figure1_wins`` is of the default's lists by signed class score.
    """
    cells = {key: figures[f"figure1_cells_{key}"] for key in _tables(figures)}
    found: Figures = {}
    for name in _lists(figures):
        wins = {key: figures.get(f"figure1_wins_{key}_{name}") for key in cells}
        if cells and None not in wins.values():
            suffix = "" if name == "default" else f"_{name.removeprefix('default_')}"
            won = sum(wins[key] * cells[key] for key in cells)
            found[f"figure1_wins{suffix}"] = won / sum(cells.values())
    return found


def verdict(figures: Mapping[str, float]) -> list[str]:
    """Where the paper's claims hold, where not, and which setting wins."""
    return [
        *_on_truth(figures),
        *_on_figure1(figures),
        *_on_figure3(figures),
        *_on_table1(figures),
        *_on_families(figures),
        *_on_settings(figures),
    ]


def held(share: float, gain: float) -> str:
    """Whether a claim of being at least as good holds: in half of the cells, and on the mean."""
    met = (share >= 0.5) + (gain > -DRAW)
    return ("does not hold", "holds in part", "holds")[met]


def against(gain: float) -> str:
    """A difference in words."""
    return "a draw" if abs(gain) < DRAW else ("better" if gain > 0 else "worse")


def comparisons(figures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """By measure, larger being better, what each of our settings reached."""
    patterns = {
        "causal motifs by class": "auprc_class_truth{}",
        "relevant motifs": "auprc_relevant{}",
        "sign of the contrary motif": "contrary_sign_ok{}",
        "expected family first": "family_first_share_of_splits{}",
    }
    found = {
        measure: {m: pattern.format("" if m == "default" else f"_{m}") for m in SETTINGS}
        for measure, pattern in patterns.items()
    }
    for key in TABLES:
        for part, label in (("", "class lists"), ("_ranking", "overall lists")):
            names = {m: f"figure1_auprc_{key}_{m}{part}" for m in SETTINGS}
            found[f"Figure 1, {label}, {key}"] = names
        for learner in LEARNERS:
            names = {m: f"figure3_{key}_{learner}_on_{m}" for m in SETTINGS}
            found[f"Figure 3, {learner}, {key}"] = names
    return {
        measure: {m: figures[name] for m, name in names.items()}
        for measure, names in found.items()
        if all(name in figures for name in names.values())
    }


def winners(values: Mapping[str, float]) -> list[str]:
    """Settings at most a draw behind the best."""
    best = max(values.values())
    return [m for m, value in values.items() if value > best - DRAW]


def _on_truth(figures: Mapping[str, float]) -> Iterable[str]:
    if "auprc_class_truth" not in figures:
        return
    for label, name in (
        ("Causal motifs of a class", "auprc_class_truth"),
        ("The same, a family counted once and the class's pairs left out", "auprc_class_families"),
    ):
        found = {m: _of(figures, name, m) for m in (*SETTINGS, *PEERS)}
        yield f"{label} (average precision): {_listed(found)}."
        for m in SETTINGS:
            gains = {peer: found[m] - found[peer] for peer in PEERS}
            said = ", ".join(f"{against(gain)} than {peer}" for peer, gain in gains.items())
            yield f"  Class scores with {m}: {said}.".replace("a draw than", "level with")
    signs = {m: _of(figures, "contrary_sign_ok", m) for m in (*SETTINGS, "anova", "l1")}
    yield f"Contrary motif given a negative score (share of classes): {_listed(signs)}."
    yield (
        "  Table 1 on the generator: the forest, which has no sign, ranks it "
        f"{figures['table1_generator_forest_rank']:.0f}th (median); that the class score exposes it"
    )
    yield f"  {', '.join(f'{_sign_claim(signs[m])} with {m}' for m in SETTINGS)}."


def _sign_claim(share: float) -> str:
    return "holds" if share == 1 else "holds in part" if share > 0.5 else "does not hold"


def _on_figure1(figures: Mapping[str, float]) -> Iterable[str]:
    for key in _tables(figures):
        peer = figures[f"figure1_auprc_{key}_l1"]
        yield f"Figure 1, {key}: mean average precision of L1 {peer:.3f}."
        for name in _lists(figures):
            if name.partition("_")[0] in PEERS or f"figure1_wins_{key}_{name}" not in figures:
                continue
            ours, share = (figures[f"figure1_{k}_{key}_{name}"] for k in ("auprc", "wins"))
            yield (
                f"  With {name} ({ours:.3f}, at least as good in {share:.0%} of cells) the claim "
                f"{held(share, ours - peer)}."
            )


def _on_figure3(figures: Mapping[str, float]) -> Iterable[str]:
    for key in TABLES:
        for learner in LEARNERS:
            start = f"figure3_{key}_{learner}_on_"
            if f"{start}forest" not in figures:
                continue
            peer = figures[f"{start}forest"]
            said = [
                f"{m} {figures[start + m]:.3f} ({against(figures[start + m] - peer)})"
                for m in SETTINGS
            ]
            yield f"Figure 3, {key}: {learner} on the forest's list {peer:.3f}; {', '.join(said)}."


def _on_table1(figures: Mapping[str, float]) -> Iterable[str]:
    for key in TABLES:
        said = [
            f"{figures[f'table1_{key}_motifs_{m}']:.0f} with {m} (a joint linear model agrees on "
            f"{figures.get(f'table1_{key}_agreed_{m}', 0):.0%})"
            for m in SETTINGS
            if figures.get(f"table1_{key}_motifs_{m}")
        ]
        if f"table1_{key}_motifs_default" in figures:
            said = "; ".join(said) or "none"
            yield f"Table 1, {key}: motifs that the forest likes for the wrong class: {said}."


def _on_families(figures: Mapping[str, float]) -> Iterable[str]:
    if "family_first" not in figures:
        return
    for label, prefix, part in (
        ("Expected family first by class score", "family_first", ""),
        ("Expected family first by overall ranking", "family_first", "_ranking"),
        ("Expected family, or a dimer with it, by class score", "family_or_dimer_first", ""),
    ):
        counts = {
            m: figures[prefix + (part if m == "default" else f"_{m}{part}")]
            for m in (*SETTINGS, *PEERS)
        }
        said = ", ".join(f"{m} {count:.0f}" for m, count in counts.items())
        yield f"{label}, of {', '.join(FOUR)}: {said}."


def _on_settings(figures: Mapping[str, float]) -> Iterable[str]:
    measures = comparisons(figures)
    if not measures:
        return
    yield f"Our settings, measure by measure (best, and those less than {DRAW} behind):"
    tally = dict.fromkeys(SETTINGS, 0)
    for measure, values in measures.items():
        best = winners(values)
        for m in best:
            tally[m] += 1
        yield f"  {measure}: {', '.join(best)} ({_listed(values)})"
    most = [m for m in tally if tally[m] == max(tally.values())]
    counts = ", ".join(f"{m} {n}" for m, n in tally.items())
    yield f"Most often best or level, of {len(measures)}: {', '.join(most)} ({counts})."


def _tables(figures: Mapping[str, float]) -> list[str]:
    return [key for key in TABLES if f"figure1_cells_{key}" in figures]


def _lists(figures: Mapping[str, float]) -> list[str]:
    starts = [f"figure1_wins_{key}_" for key in TABLES]
    found = [name.removeprefix(s) for s in starts for name in figures if name.startswith(s)]
    return list(dict.fromkeys(found))


def _of(figures: Mapping[str, float], name: str, method: str) -> float:
    return figures[name if method == "default" else f"{name}_{method}"]


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
