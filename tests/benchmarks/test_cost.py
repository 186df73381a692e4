"""The benchmark of cost: tables of its full form can be made, figures are of the times taken."""

import pytest

from benchmarks.common.in_process import Cost
from benchmarks.cost import figures
from benchmarks.cost.tasks import prepare


@pytest.mark.parametrize("what", ["fit", "forest", "job"])
def test_tables_of_the_full_form_can_be_made(what):
    assert callable(prepare(what, **figures.MOTIFS))


@pytest.mark.slow
def test_the_table_of_the_papers_size_can_be_made():
    assert callable(prepare("fit", **figures.PAPER))


@pytest.mark.parametrize("quick", [True, False])
def test_figures_of_known_times(monkeypatch, quick):
    """A fit takes rows**.5 times columns**.25 seconds, a forest 2."""
    asked = []

    def cost_of(module, what, **task):
        asked.append((what, task))
        if what == "forest":
            return Cost(2.0, 0.1)
        return Cost(task.get("n", 1) ** 0.5 * task.get("d", 1) ** 0.25, task.get("n", 1) / 1e6)

    monkeypatch.setattr(figures, "cost_of", cost_of)
    monkeypatch.setattr(figures, "present", lambda: False)
    found = figures.default_fits(quick)
    assert found["exponent_n"] == pytest.approx(0.5)
    assert found["exponent_d"] == pytest.approx(0.25)
    assert found["fit_over_forest"] == pytest.approx(found["seconds_fit"] / 2)
    assert ("fit", figures.MOTIFS) in asked or quick
    paper = figures.paper()
    assert paper["paper_fit_over_forest"] == pytest.approx(54_495**0.5 * 512**0.25 / 2)
    assert asked[-1] == ("job", figures.PAPER)
