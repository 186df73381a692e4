"""Files of one object: what is written, and what is checked before anything of it is made."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any, NoReturn

from sklearn_deeplifft._printable import named, one_line, quoted
from sklearn_deeplifft._versions import version_of
from sklearn_deeplifft.exceptions import SavedFileError
from sklearn_deeplifft.saving._container import read_blocks, write_blocks
from sklearn_deeplifft.saving._decode import Decoder
from sklearn_deeplifft.saving._encode import Encoder

__all__ = ["SavableMixin", "Saved", "own_parts", "read_saved", "write_object"]

FORMAT = 1

PACKAGES = ("sklearn-deeplifft", "numpy", "scikit-learn", "skorch", "torch")


class SavableMixin:
    """An estimator that can be saved in a file without a pickle."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the estimator in one file, which `load` reads without running any code of it.

        The file has the layout of safetensors: weights and arrays as they are, parameters and
        results as JSON, the versions of the packages, and a checksum. An error leaves an older
        file of this name as it was. A function in ``verbose`` is left out, and a
        ``joblib.Memory`` becomes the path of its folder.

        Parameters
        ----------
        path : path-like
            Of any name; ``.safetensors`` at its end tells others what it is.

        Raises
        ------
        TypeError
            A parameter is code (a function without a name) or an object that no file can hold; it
            is named.
        OSError
            The file cannot be written.

        See Also
        --------
        load

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_deeplifft import DeepLIFFTSelector, load
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> two = DeepLIFFTSelector.default_estimator(n_networks=2)
        >>> selector = DeepLIFFTSelector(two, n_features_to_select=2, random_state=0).fit(X, y)
        >>> path = Path(tempfile.mkdtemp(), "iris.safetensors")
        >>> selector.save(path)
        >>> list(load(path).get_feature_names_out())
        ['petal length (cm)', 'petal width (cm)']
        """
        write_object(path, self)


class Saved:
    """A file that was found intact, and of which nothing has been made yet.

    Parameters
    ----------
    path : path-like
        For messages.
    decoder : Decoder
    root : JSON
        The object that was written.
    """

    def __init__(self, path: str | os.PathLike[str], decoder: Decoder, root: Any) -> None:
        self.path = path
        self.decoder = decoder
        self.root = root

    @property
    def kind(self) -> str:
        """Name of the class of the object, ``package:Class``; empty of what has no class."""
        node = self._node()
        return str(node[1]) if node[0] == "new" else ""

    @property
    def fields(self) -> dict[str, Any]:
        """JSON of the attributes of the object."""
        found: dict[str, Any] = self._node()[2]
        return found

    def value(self, part: Any) -> Any:
        """The value of the root, or of some other part of the JSON.

        Raises
        ------
        SavedFileError
            The file does not hold what it should.
        """
        try:
            return self.decoder.decode(part)
        except MemoryError:
            raise
        except Exception as error:  # JSON of other hands than ours can raise nearly anything
            self.refuse(error)

    def refuse(self, error: Exception) -> NoReturn:
        """Say that the file does not hold what it should."""
        said = one_line(f"{type(error).__name__}: {error}")
        message = f"{_named(self.path)} does not hold what it should ({said})."
        raise SavedFileError(message) from error

    def _node(self) -> list[Any]:
        try:
            tag, at = self.root
            node: list[Any] = self.decoder.nodes[at]
            if tag == "ref" and node[0] == "new" and not isinstance(node[2], dict):
                raise TypeError("it has no attributes")
        except (TypeError, ValueError, LookupError) as error:
            self.refuse(error)
        return node


def write_object(
    path: str | os.PathLike[str], value: Any, own: Mapping[str, Any] | None = None
) -> None:
    """Write an object; an error leaves an older file as it was.

    ``own`` are the classes and functions of the user that a reader will have; None leaves it to
    him to bring them.
    """
    encoder = Encoder()
    root = encoder.encode(value)
    if own is not None:
        lost = [name for name, part in encoder.own.items() if own.get(name) is not part]
        if lost:
            raise TypeError(f"{named(lost)} would not be found again")
    text = {
        "format": FORMAT,
        "versions": {name: version_of(name) for name in PACKAGES},
        "own": sorted(encoder.own),
        "root": root,
        "nodes": encoder.nodes,
    }
    write_blocks(path, json.dumps(text, allow_nan=False, separators=(",", ":")), encoder.blocks)


def own_parts(value: Any) -> dict[str, Any]:
    """Classes and functions of the user that a value refers to, and those beside them, by name."""
    encoder = Encoder()
    try:
        encoder.encode(value)
    except TypeError:  # it cannot be written either
        return {}
    found: dict[str, Any] = dict(encoder.own)
    for part in encoder.own.values():
        module = sys.modules.get(part.__module__)
        for beside in () if module is None else tuple(vars(module).values()):
            if isinstance(beside, type | FunctionType):
                found.setdefault(beside.__name__, beside)
    return found


def read_saved(path: str | os.PathLike[str], own: Mapping[str, Any]) -> Saved:
    """Read and check a file; ``own`` are classes and functions of the user, by name.

    Raises
    ------
    SavedFileError
        The file is foreign, damaged or newer, or names classes that ``own`` lacks.
    OSError, ValueError
        There is no such file, or it cannot be read.
    """
    text, blocks = read_blocks(path)
    try:
        content = json.loads(text)
        found, versions = content["format"], content["versions"]
        if found == FORMAT:
            missing = [name for name in content["own"] if name not in own]
            saved = Saved(path, Decoder(content["nodes"], blocks, own), content["root"])
    except Exception as error:
        Saved(path, Decoder([], {}, {}), None).refuse(error)
    if found != FORMAT:
        writer, here = versions.get(PACKAGES[0]), version_of(PACKAGES[0])
        raise SavedFileError(
            f"{_named(path)} has format {quoted(found)} of sklearn_deeplifft {quoted(writer)}, and "
            f"this one, {here}, reads format {FORMAT}. Install the version that has written it."
        )
    if missing:
        first = missing[0]
        raise SavedFileError(
            f"{_named(path)} refers to {named(missing)}, which is no part of the package. Import "
            f"what it was and pass load(path, modules={{{quoted(first)}: {quoted(first)[1:-1]}}})."
        )
    return saved


def _named(path: str | os.PathLike[str]) -> str:
    return quoted(os.fspath(path), 400)
