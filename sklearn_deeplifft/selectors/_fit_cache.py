"""Fits kept by ``memory``: one on the same data with the same parameters is read, not repeated."""

from __future__ import annotations

import hashlib
import os
import pickle
import uuid
from collections.abc import Callable
from importlib.metadata import version
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import joblib
from filelock import FileLock

from sklearn_deeplifft.ensembles import digest_of
from sklearn_deeplifft.exceptions import CheckpointWarning, FeatureSelectionWarning, tell, withheld
from sklearn_deeplifft.networks import hash_of, key_of_parameters
from sklearn_deeplifft.selectors._cut import CUT
from sklearn_deeplifft.selectors._sources import Source
from sklearn_deeplifft.tables import FitData

__all__ = ["remembered", "require_memory"]

INERT = ("checkpoint_dir", "memory", "n_jobs", "output", "verbose")
"""Parameters that change nothing of what ``fit`` leaves behind."""

TOLD_OTHERWISE = ("estimator", "feature_groups")
"""Parameters that enter a key as what they came to: an ensemble, and the group of each column."""

# What set_output and set_fit_request keep on an estimator is the user's, not the fit's.
OF_THE_USER = ("_metadata_request", "_sklearn_output_config")


Said = tuple[type[FeatureSelectionWarning], str, str]
"""A warning: its type, finding and remedy."""


class Kept(NamedTuple):
    """The content of a file."""

    attributes: dict[str, Any]
    warnings: tuple[Said, ...]
    """Warnings of the fit; they are as true of the same fit read from the file."""


def require_memory(selector: Any, source: Source) -> None:
    """Refuse a ``memory`` that could never be used, before anything is trained."""
    if selector.memory is None or source.prefit:
        return
    for owner in (selector, source.ensemble):
        if not isinstance(owner.random_state, Integral):
            raise ValueError(
                f"memory needs a random_state of {type(owner).__name__} that is an integer, got "
                f"{owner.random_state!r}: with None every fit draws other networks, a generator "
                "has moved on by the next fit, and no fit could be taken up again."
            )
    _folder(selector.memory)


def remembered(selector: Any, data: FitData, source: Source, fit: Callable[[], None]) -> None:
    """Set the attributes that ``fit`` would set, from a file of ``selector.memory`` if it has one.

    Processes that want the same fit wait for the first of them; the lock is the system's, and ends
    with the process that holds it. With ``prefit=True`` nothing is trained, and nothing is kept.
    """
    folder = None if source.prefit else _folder(selector.memory)
    if folder is None:
        fit()
        return
    path = folder / "sklearn_deeplifft" / type(selector).__name__ / _key(selector, data, source)
    path = path / "output.pkl"  # joblib's own layout, so that Memory.reduce_size finds it
    kept, _ = _read(path)
    if kept is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name("lock")):
            kept, problem = _read(path)  # another process may have written it meanwhile
            if problem is not None:
                _warn(f"file {path} {problem}. It is computed again and the file replaced.")
            if kept is None:
                said = _watched(fit)
                _write(path, Kept(_fitted(selector), said))
                return
    if selector.verbose and not callable(selector.verbose):
        print(f"[{type(selector).__name__}] nothing is trained: the same fit is in {path}")
    for name in _fitted(selector):  # of an earlier fit
        delattr(selector, name)
    vars(selector).update(kept.attributes)
    for category, *parts in kept.warnings:
        tell(category(*parts))


def _folder(memory: Any) -> Path | None:
    """Folder in which joblib keeps what it caches; None if it keeps nothing."""
    if memory is None:
        return None
    if not isinstance(memory, joblib.Memory):
        try:
            memory = joblib.Memory(os.fspath(memory), verbose=0)
        except OSError as error:
            raise type(error)(f"memory={memory!r} is no folder to write to: {error}") from error
        except ValueError as error:
            raise ValueError(f"memory={memory!r} is no path of a folder: {error}.") from error
    if memory.store_backend is None:
        return None
    folder = Path(memory.store_backend.location)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"memory={memory!r} keeps its files in {folder}, which is not a writable folder of "
            "this machine. Use another one."
        )
    return folder


def _key(selector: Any, data: FitData, source: Source) -> str:
    """32 hex digits of all that a fit depends on."""
    # Groups are told by the columns that they hold, whatever way they were given in.
    params = selector.get_params(deep=False)
    read = {name: params[name] for name in params if name not in {*CUT, *INERT, *TOLD_OTHERWISE}}
    params = source.ensemble.get_params(deep=False)
    trained = {name: value for name, value in params.items() if name not in INERT}
    table = (
        (digest_of(data), data.rows.sparse, data.rows.dtype.__name__, data.score_weight),
        (data.groups, selector._groups.of_column, data.target.classes),
        None if data.names is None else data.names.tolist(),
    )
    kind = hash_of((version("sklearn-deeplifft"), type(selector)))
    ensemble = (hash_of(type(source.ensemble)), key_of_parameters(_plain_seed(trained)))
    return hash_of((kind, hash_of(table), key_of_parameters(_plain_seed(read)), *ensemble))


def _plain_seed(params: dict[str, Any]) -> dict[str, Any]:
    """NumPy's integers seed as Python's do."""
    return {**params, "random_state": int(params["random_state"])}


def _fitted(selector: Any) -> dict[str, Any]:
    """Attributes that ``fit`` has set."""
    params = selector.get_params(deep=False)
    return {
        name: value
        for name, value in vars(selector).items()
        if name not in params
        and name not in OF_THE_USER
        and (name.startswith("_") or name.endswith("_"))
    }


def _watched(fit: Callable[[], None]) -> tuple[Said, ...]:
    """Fit, and return what our own warnings said."""
    with withheld() as told:
        fit()
    # What was wrong with a checkpoint that has been replaced is not true any more.
    lasting = (w for w in told if not isinstance(w, CheckpointWarning))
    return tuple((type(w), w.finding, w.remedy) for w in lasting)


def _read(path: Path) -> tuple[Kept | None, str | None]:
    """Content of a file, and the fault of one that cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None, None
    digest, payload = content[:32], content[32:]
    if hashlib.sha256(payload).digest() != digest:
        return None, "is damaged (its digest does not fit its content)"
    try:
        return pickle.loads(payload), None
    except Exception as error:  # of a class that is not there any more, say
        return None, f"cannot be read ({type(error).__name__}: {error})"


def _write(path: Path, kept: Kept) -> None:
    """Keep a fit; one that cannot be kept is no reason to lose it."""
    # In the same folder, because a move across file systems is a copy and can be interrupted.
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        # By value where a class is of the user's own script, which a worker cannot import.
        payload = cloudpickle.dumps(kept)
        with open(unfinished, "xb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except Exception as error:
        _warn(
            f"the fit cannot be kept in {path} ({type(error).__name__}: {error}). It is complete, "
            "but the next one will train again."
        )
    finally:
        unfinished.unlink(missing_ok=True)


def _warn(text: str) -> None:
    tell(FeatureSelectionWarning(text))
