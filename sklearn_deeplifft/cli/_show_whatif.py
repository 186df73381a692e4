"""Effects and doses for a person to read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.console import Console, JustifyMethod
from rich.text import Text

from sklearn_deeplifft.cli._dates import dated
from sklearn_deeplifft.cli._learners import METRICS
from sklearn_deeplifft.cli._screen import (
    GAP,
    empty_cell,
    explain,
    grid_of,
    show_notes,
    show_title,
    shown_of,
    signed,
)
from sklearn_deeplifft.cli._show_gates import show_stability
from sklearn_deeplifft.cli._whatif import Answers
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened

__all__ = ["change_in_words", "most_moved", "show_answers", "unit_of"]

MOST_FEATURES, MOST_CLASSES, CLASSES_OF_MANY = 10, 10, 2
LABEL, DONE, NARROW_GAP = 16, 17, 2
"""Characters of the name of a class, of what is done, and between columns that are many."""
LEAST = {"feature": 10, "class": 8, "every row": 9}
"""Characters that these have however narrow the screen is."""
CLASS: tuple[str, JustifyMethod] = ("class", "left")


def show_answers(console: Console, answers: Answers) -> None:
    """Print everything but the files."""
    show_notes(console, answers.notes)
    console.print(_networks_line(answers))
    console.print(answers.training)
    console.print()
    _show_effects(console, answers)
    for feature in answers.asked:
        if feature in answers.table.numbers:  # of a text or a group, effects are all there is
            _show_doses(console, answers, feature)
    show_stability(console, answers.agreement, len(answers.ranking))


def unit_of(answers: Answers) -> str:
    """The quantity that an effect is."""
    if answers.table.task == "regression":
        return f"mean change of {shortened(answers.table.target, 30)}"
    if answers.scale == "proba":
        return "mean change of the class's probability"
    if len(answers.outputs) == 2:
        return "mean change of half the log-odds of the class"
    return "mean change of the class's centred logit"


def most_moved(frame: pd.DataFrame, outputs: list[str], most: int) -> list[str]:
    """The outputs of the largest effects; of two classes the second, the mirror of the first."""
    if len(outputs) == 2:
        return outputs[1:]
    sizes = frame["effect"].abs().groupby(frame["output"]).max()[outputs]
    return list(sizes.sort_values(ascending=False, kind="stable").index[:most])


def _networks_line(answers: Answers) -> str:
    score, low, high = answers.validation
    n = answers.agreement.n_networks
    trained = f"{counted(n, 'network')} on {counted(len(answers.table.y), 'row')}"
    if math.isnan(score):
        return f"{trained}."
    # Student's t knows nothing of the best score that there is, nor of the worst.
    worst = 0.0 if answers.table.task == "classification" else -math.inf
    ends = f"{max(low, worst):.3f} to {min(high, 1):.3f}"
    interval = "" if math.isnan(low) else f" (95 % interval {ends})"
    metric = METRICS[answers.table.task]
    return f"{trained}; {metric} on the rows held out from each {score:.3f}{interval}."


def _show_effects(console: Console, answers: Answers) -> None:
    everything = list(answers.effects["feature"].unique())
    chosen = answers.asked or everything[:MOST_FEATURES]
    outputs = answers.outputs
    one = len(outputs) <= 2
    of = f" on {shortened(outputs[-1], LABEL)}" if one and outputs else ""
    n = len(everything)
    listed = "" if answers.asked or not n else f", {shown_of(len(chosen), n)}"
    show_title(console, f"Effects{of}{listed}")
    heads: list[tuple[str, JustifyMethod]] = [
        *(("rank", "right"), ("feature", "left"), ("every row", "left")),
        *([] if one else [CLASS]),
        *(("effect", "right"), ("95 % interval", "right"), ("rows there", "right")),
    ]
    lines = [line for feature in chosen for line in _lines(answers, feature, outputs, one=one)]
    names = [head for head, _ in heads]
    widest = [max([len(name), *(len(line[i]) for line in lines)]) for i, name in enumerate(names)]
    gap = GAP if _needed(widest, GAP) <= console.width else NARROW_GAP
    widths = _fitting(names, widest, console.width, gap)
    grid = grid_of(*heads, gap=gap)
    for line in lines:
        cells = zip(line, widths, names, strict=True)
        grid.add_row(*(_cut(cell, width) if name in LEAST else cell for cell, width, name in cells))
    console.print(grid)
    _explain_effects(console, answers)


def _needed(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _fitting(names: Sequence[str], widest: Sequence[int], room: int, gap: int) -> list[int]:
    """Widths of columns: numbers keep theirs, and what is over is taken from texts.

    Of the texts the longest is cut first, and none below ``LEAST``.
    """
    widths = list(widest)
    texts = [at for at, name in enumerate(names) if name in LEAST]
    for _ in range(_needed(widths, gap) - room):
        spare = [at for at in texts if widths[at] > LEAST[names[at]]]
        if not spare:
            break
        widths[max(spare, key=lambda at: widths[at])] -= 1
    return widths


def _cut(cell: Text, width: int) -> Text:
    return Text(shortened(cell.plain, width))


def _lines(answers: Answers, feature: str, outputs: list[str], *, one: bool) -> list[list[Text]]:
    """Cells of a feature: a line for each of its interventions and the classes it moves most."""
    of_feature = answers.effects[answers.effects["feature"] == feature]
    form = _form_of(answers)
    head = [str(of_feature["rank"].iloc[0]), feature]
    most = MOST_CLASSES if answers.asked else CLASSES_OF_MANY
    lines = []
    for said, rows in of_feature.groupby("intervention", sort=False):
        done = shortened(change_in_words(said, feature), DONE)
        shown = rows.set_index("output").loc[most_moved(rows, outputs, most)]
        for output, row in shown.iterrows():
            lines.append([*map(Text, [*head, done]), *_cells(output, row, one=one, form=form)])
            head, done = ["", ""], ""
    return lines


def change_in_words(said: str, feature: str) -> str:
    """The intervention, without the name of the feature.

    >>> change_in_words("quantile(size+0.25)", "size"), change_in_words("remove(A)", "A")
    ('up 25 %', 'remove')
    >>> change_in_words("set(a=b)", "a")
    'set =b'
    """
    verb, _, rest = said.partition("(")
    amount = rest.removesuffix(")").removeprefix(feature)
    if verb == "quantile":
        return f"{'up' if amount.startswith('+') else 'down'} {abs(100 * float(amount)):g} %"
    return f"{verb} {amount}".rstrip()


def _cells(output: object, row: pd.Series, *, one: bool, form: str) -> list[Text]:
    """Class, effect, interval and support of one row; ``form`` is how numbers are written."""
    interval = empty_cell()
    if not math.isnan(row["low"]):
        interval = Text(f"{row['low']:{form}} to {row['high']:{form}}")
    return [
        *([] if one else [Text(shortened(output, LABEL))]),
        signed(row["effect"], f"{row['effect']:{form}}"),
        interval,
        _support(row),
    ]


def _form_of(answers: Answers) -> str:
    """Format of effects: three decimals of logits and probabilities, three digits of a target."""
    largest = float(answers.effects["effect"].abs().max()) if len(answers.effects) else 0.0
    if answers.table.task == "classification" or largest == 0:
        return "+.3f"
    digits = math.floor(math.log10(largest))
    return f"+,.{max(2 - digits, 0)}f" if -3 <= digits <= 6 else "+.2e"


def _support(row: pd.Series) -> Text:
    if math.isnan(row["support"]):
        return empty_cell()
    few = bool(row["flagged"])
    return Text(f"{row['support']:,.0f}{' (few)' if few else ''}", style="yellow" if few else "")


def _explain_effects(console: Console, answers: Answers) -> None:
    unit = unit_of(answers)
    mirrored = " The other class has the opposite." if len(answers.outputs) == 2 else ""
    single = " One network has no interval." if answers.agreement.n_networks == 1 else ""
    explain(
        console,
        f"effect: {unit}, were this done to every row.{mirrored} up 25 %: to the value that a "
        "quarter of the rows further up has. interval: of the mean over networks, not over other "
        f"rows.{single} rows there: rows of the table at such values; where there are few, "
        "networks guess.",
    )


def _show_doses(console: Console, answers: Answers, feature: str) -> None:
    doses = answers.doses[answers.doses["feature"] == feature]
    outputs = most_moved(doses, answers.outputs, 1)
    label = shortened(outputs[0], LABEL)
    show_title(console, f"Doses of {shortened(feature, 30)}, effects on {label}")
    grid = grid_of(
        ("every row has", "right"),
        ("effect", "right"),
        ("95 % interval", "right"),
        ("rows there", "right"),
    )
    form = _form_of(answers)
    own = doses[doses["output"] == outputs[0]]
    if feature in answers.table.dates:
        own = dated(own, [feature])
    for _, row in own.iterrows():
        dose = row["dose"]
        text = f"{dose:.6g}" if isinstance(dose, float | np.floating) else shortened(dose, 40)
        grid.add_row(Text(text), *_cells("", row, one=True, form=form))
    console.print(grid)
    console.print()
