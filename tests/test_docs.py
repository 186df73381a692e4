"""Every example of the documentation runs and prints what the page says."""

import doctest
import importlib
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.datasets import load_wine

import sklearn_deeplifft
from sklearn_deeplifft.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([DOCS / "index.rst", *DOCS.glob("user_guide/*.rst"), *DOCS.glob("changes/*.rst")])
WITH_EXAMPLES = [page for page in PAGES if ">>>" in page.read_text(encoding="utf-8")]
LONG = {
    "index.rst",
    "user_guide/clusters_of_examples.rst",
    "user_guide/features_that_work_together.rst",
    "user_guide/from_fit_to_figure.rst",
    "user_guide/global_importance.rst",
    "user_guide/importance_neurons.rst",
    "user_guide/long_runs.rst",
    "user_guide/networks_and_training.rst",
    "user_guide/quickstart.rst",
    "user_guide/report.rst",
    "user_guide/sparse_and_large_tables.rst",
    "user_guide/stable_rankings.rst",
    "user_guide/sweeping_the_number_of_features.rst",
    "user_guide/what_the_number_means.rst",
    "user_guide/which_score_may_I_report.rst",
}
"""Pages whose examples take seconds."""


def _name(path):
    return str(path.relative_to(DOCS))


def _commands(page):
    """Lines of a page that a reader would type into a shell."""
    lines = (line.strip() for line in page.read_text(encoding="utf-8").splitlines())
    return [line.removeprefix("$ ").split() for line in lines if line.startswith("$ ")]


README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    """Blocks of the README in a language; each of Python stands alone."""
    return [part.split("```")[0] for part in README.split(f"```{language}\n")[1:]]


def _examples():
    """Pages with examples, those of networks of default length under the marker of such tests."""
    for page in WITH_EXAMPLES:
        marks = [pytest.mark.long] if _name(page) in LONG else []
        yield pytest.param(page, marks=marks, id=_name(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", list(_examples()))
def test_examples_print_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    result = doctest.testfile(
        str(page),
        module_relative=False,
        encoding="utf-8",
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.attempted > 0
    assert result.failed == 0


def test_no_page_has_code_that_nothing_runs():
    assert len(WITH_EXAMPLES) >= 12
    assert {_name(page) for page in WITH_EXAMPLES} > LONG
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for directive in ("code-block:: python", "code-block:: pycon", "doctest: +SKIP"):
            assert directive not in text, f"{_name(page)} shows code that is not run: {directive}"


@pytest.mark.slow
def test_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_wine(as_frame=True).frame.to_csv(tmp_path / "wine.csv", index=False)
    page = DOCS / "user_guide" / "command_line.rst"
    text, commands = page.read_text(encoding="utf-8"), _commands(page)
    assert [command[:2] for command in commands] == [
        ["sklearn-deeplifft", "rank"],
        ["sklearn-deeplifft", "gates"],
        ["sklearn-deeplifft", "whatif"],
        ["sklearn-deeplifft", "report"],
        ["sklearn-deeplifft", "compare"],
    ]
    for command in commands:
        done = CliRunner().invoke(main, command[1:])
        assert done.exit_code == 0, done.output
        folder = tmp_path / command[command.index("--output") + 1]
        written = sorted(path.name for path in folder.iterdir())
        assert written
        assert all(f"``{name}``" in text for name in written)


def _documented():
    """Full names of all that the pages of the API document, page by page."""
    for page in sorted((DOCS / "api").glob("*.rst")):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            directive, _, name = (part.strip() for part in line.partition("::"))
            if directive == ".. currentmodule":
                module = name
            elif directive in (".. autoclass", ".. autoexception", ".. autofunction"):
                yield name if name.startswith("sklearn_deeplifft.") else f"{module}.{name}"


def test_api_pages_have_every_public_name():
    public = {name for name in sklearn_deeplifft.__all__ if not name.startswith("__")}
    modules = {"datasets", "interventions", "model_selection"}
    for name in modules:
        public |= set(importlib.import_module(f"sklearn_deeplifft.{name}").__all__)
    rooms = modules | {"networks", "sequences"}  # of these a part is for users
    assert public - rooms <= {name.rpartition(".")[2] for name in _documented()}


def test_tables_of_the_api_list_what_its_pages_document():
    page = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    listed = [line.strip()[1:] for line in page.splitlines() if line.startswith("   ~")]
    assert sorted(listed) == sorted(_documented())


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("selectors", ("DeepLIFFTSelector", "ImportanceNeuronSelector", "GIATransformer")),
        ("ensembles", ("NetworkEnsembleClassifier", "NetworkEnsembleRegressor")),
    ],
)
def test_groups_of_parameters_hold_each_parameter(page, names):
    text = (DOCS / "api" / f"{page}.rst").read_text(encoding="utf-8")
    groups = text.partition("* - start here")[2].partition("\n\n")[0]
    classes = [getattr(sklearn_deeplifft, name) for name in names]
    parameters = {name for each in classes for name in each().get_params(deep=False)}
    assert set(re.findall("``(.+?)``", groups)) == parameters


def test_paper_page_and_selector_agree():
    """The table of defaults on the page names each parameter that the paper sets otherwise."""
    page = (DOCS / "user_guide" / "paper.rst").read_text(encoding="utf-8")
    selector = sklearn_deeplifft.DeepLIFFTSelector()
    paper = selector.paper_parameters()
    trained = paper.pop("estimator")
    pairs = [
        *((name, getattr(selector, name), value) for name, value in paper.items()),
        *(
            (name, value, getattr(trained, name))
            for name, value in selector.default_estimator().get_params().items()
        ),
    ]
    different = {name: default for name, default, value in pairs if default != value}
    shown = {name: "1/3" if default == 1 / 3 else repr(default) for name, default, _ in pairs}
    assert {"reference", "n_networks", "gates", "dropout"} <= set(different)
    for name in different:
        assert f"``{name}={shown[name]}``".replace("'", '"') in page, name


@pytest.mark.slow
@pytest.mark.long
def test_python_of_the_readme_prints_what_it_says(tmp_path, monkeypatch, capsys):
    """Every line of it, digits aside: the last of them are the processor's."""
    monkeypatch.chdir(tmp_path)
    (code,), (said,) = _blocks("python"), _blocks("text")
    exec(compile(code, "README.md", "exec"), {})
    assert re.sub(r"\d", "0", capsys.readouterr().out) == re.sub(r"\d", "0", said)


def test_the_readme_is_short_and_its_links_lead_somewhere():
    assert len(README.splitlines()) <= 120
    links = [link for link in re.findall(r"\]\((.+?)\)", README) if "://" not in link]
    assert len(links) > 10
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.slow
def test_commands_of_the_readme_are_there():
    typed = re.findall(r"^sklearn-deeplifft (\w+)", "".join(_blocks("console")), flags=re.MULTILINE)
    assert typed == ["demo", "report"]
    for command in (*typed, "rank", "gates", "whatif", "compare", "motifs"):
        assert f"`{command}`" in README or command in typed
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
