"""What the package offers, and what importing it costs."""

import ast
import importlib
import inspect
import pkgutil
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import sklearn_deeplifft

ROOT = Path(sklearn_deeplifft.__file__).parent
FOLDERS = [
    "sklearn_deeplifft",
    *(
        f"sklearn_deeplifft.{info.name}"
        for info in pkgutil.iter_modules(sklearn_deeplifft.__path__)
        if info.ispkg
    ),
]
FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("name", FOLDERS)
def test_all_lists_what_is_there(name):
    folder = importlib.import_module(name)
    assert len(set(folder.__all__)) == len(folder.__all__)
    for public in folder.__all__:
        assert hasattr(folder, public), public
    imported = {
        key
        for key, value in vars(folder).items()
        if not key.startswith("_") and not inspect.ismodule(value) and key != "annotations"
    }
    assert imported == {key for key in folder.__all__ if not key.startswith("_")} - {
        "datasets",
        "interventions",
        "networks",
        "sequences",
    }


def test_all_of_the_package():
    assert set(sklearn_deeplifft.__all__) >= {
        "CheckpointWarning",
        "Contributions",
        "DeepLIFFTSelector",
        "FeatureSelectionWarning",
        "GIATransformer",
        "ImportanceNeuronSelector",
        "Importances",
        "NetworkEnsembleClassifier",
        "NetworkEnsembleRegressor",
        "NotPiecewiseLinearError",
        "Progress",
        "TableSums",
        "ProgressBar",
        "TrainingDivergedError",
        "TrainingInterrupted",
        "__version__",
        "datasets",
        "groups_from_correlation",
        "groups_from_file",
        "interventions",
        "networks",
        "sequences",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text()
    assert len(text.splitlines()) < 450
    if text.strip():
        assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_all_of_each_file_names_what_it_defines(path):
    tree = ast.parse(path.read_text())
    named = next(
        (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        ),
        None,
    )
    if named is None:  # a file of private names only, or an empty one
        return
    defined = set()
    # if TYPE_CHECKING, try
    inner = (node.body for node in tree.body if isinstance(node, ast.If | ast.Try))
    for node in [*tree.body, *chain.from_iterable(inner)]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            targets = (name for target in node.targets for name in ast.walk(target))
            defined.update(name.id for name in targets if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            defined.update(alias.asname or alias.name for alias in node.names)
    assert set(named) <= defined


@pytest.mark.parametrize(
    "thing",
    [
        value
        for value in (getattr(sklearn_deeplifft, name) for name in sklearn_deeplifft.__all__)
        if inspect.isclass(value) or inspect.isfunction(value)
    ],
    ids=lambda thing: thing.__name__,
)
def test_public_things_are_documented(thing):
    assert inspect.getdoc(thing)
    if inspect.isclass(thing) and issubclass(thing, BaseEstimator):
        for name, method in inspect.getmembers(thing, inspect.isfunction):
            if not name.startswith("_"):
                assert inspect.getdoc(method), name


def test_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    assert sklearn_deeplifft.__version__ == project["version"]
