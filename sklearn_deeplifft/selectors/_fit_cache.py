"""Fits kept by ``memory``: one on the same data with the same parameters is read, not repeated."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import joblib
from filelock import FileLock

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft._versions import source_digest, version_of
from sklearn_deeplifft.ensembles import digest_of
from sklearn_deeplifft.exceptions import (
    CheckpointWarning,
    FeatureSelectionWarning,
    SavedFileError,
    tell,
    withheld,
)
from sklearn_deeplifft.networks import hash_of, key_of_parameters
from sklearn_deeplifft.saving import OF_A_SEARCH, own_parts, read_saved, write_object
from sklearn_deeplifft.selectors._cut import CUT
from sklearn_deeplifft.selectors._sources import Source
from sklearn_deeplifft.tables import FitData

__all__ = ["remembered", "require_memory"]

FILE = "fit.safetensors"

INERT = ("checkpoint_dir", "memory", "n_jobs", "output", "verbose")
"""Parameters that change nothing of what ``fit`` leaves behind."""

TOLD_OTHERWISE = ("estimator", "feature_groups")
"""Parameters that enter a key as what they came to: an ensemble, and the group of each column."""

CODE = source_digest()
"""Of the code that is loaded, and not of what its files hold by the time of a fit."""

# What set_output and set_fit_request keep on an estimator is the user's, not the fit's.
OF_THE_USER = ("_metadata_request", "_sklearn_output_config", *OF_A_SEARCH)


class _DiskFull(OSError):
    """There is no room for the folder of ``memory``, and a fit is worth more than a kept one."""


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
    with suppress(_DiskFull):  # which `remembered` tells
        _folder(selector.memory)


def remembered(selector: Any, data: FitData, source: Source, fit: Callable[[], None]) -> None:
    """Set the attributes that ``fit`` would set, from a file of ``selector.memory`` if it has one.

    Processes that want the same fit wait for the first of them; the lock is the system's, and ends
    with the process that holds it. With ``prefit=True`` nothing is trained, and nothing is kept.
    """
    try:
        folder = None if source.prefit else _folder(selector.memory)
    except _DiskFull as error:
        _warn(f"{error}. The fit goes on and is not kept. Make room there, or use another memory.")
        folder = None
    if folder is None:
        fit()
        return
    own = own_parts(source.ensemble.get_params(deep=False))
    path = folder / "sklearn_deeplifft" / type(selector).__name__ / _key(selector, data, source)
    path = path / FILE
    kept, _ = _read(path, own)
    if kept is None:
        with _lock(path):
            kept, problem = _read(path, own)  # another process may have written it meanwhile
            if problem is not None:
                _warn(f"{problem} It is computed again and the file replaced.")
            if kept is None:
                said = _watched(fit)
                _write(path, Kept(_fitted(selector), said), own)
                return
    with suppress(OSError):  # joblib's Memory.reduce_size drops what was not used for longest
        os.utime(path.parent)
    if selector.verbose and not callable(selector.verbose):
        print(f"[{type(selector).__name__}] nothing is trained: the same fit is in {path}")
    for name in _fitted(selector):  # of an earlier fit
        delattr(selector, name)
    vars(selector).update(kept.attributes)
    _with_the_users(selector.estimator_, source.ensemble)
    for category, *parts in kept.warnings:
        tell(category(*parts))


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Wait for other processes that want the same fit; without a lock it is only made twice."""
    lock = FileLock(path.with_name("lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        _warn(f"no lock can be had for {path} ({error}); others may make the same fit.")
    try:
        yield
    finally:
        lock.release()


def _folder(memory: Any) -> Path | None:
    """Folder in which joblib keeps what it caches; None if it keeps nothing."""
    if memory is None:
        return None
    if not isinstance(memory, joblib.Memory):
        try:
            memory = joblib.Memory(os.fspath(memory), verbose=0)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise (_DiskFull if full else type(error))(
                f"memory={printable(repr(memory), 400)} is no folder to write to: {error}"
            ) from error
        except ValueError as error:
            raise ValueError(
                f"memory={printable(repr(memory), 400)} is no path of a folder: {error}."
            ) from error
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
    kind = hash_of((version_of("sklearn-deeplifft"), CODE, type(selector)))
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


def _with_the_users(ensemble: Any, asked: Any) -> None:
    """Give a kept ensemble what the user has set on the one that he has passed this time."""
    for name in OF_THE_USER:
        vars(ensemble).pop(name, None)
        if name in vars(asked):
            vars(ensemble)[name] = vars(asked)[name]


def _watched(fit: Callable[[], None]) -> tuple[Said, ...]:
    """Fit, and return what our own warnings said."""
    with withheld() as told:
        fit()
    # What was wrong with a checkpoint that has been replaced is not true any more.
    ours = [w for w in told if isinstance(w, FeatureSelectionWarning)]
    lasting = (w for w in ours if not isinstance(w, CheckpointWarning))
    return tuple((type(w), w.finding, w.remedy) for w in lasting)


def _read(path: Path, own: Mapping[str, Any]) -> tuple[Kept | None, str | None]:
    """Content of a file, and the fault of one that cannot be read, as a sentence."""
    try:
        saved = read_saved(path, own)
        return Kept(**saved.value(saved.root)), None
    except FileNotFoundError:
        return None, None
    except SavedFileError as error:
        return None, f"file {error}"
    except TypeError as error:  # it holds another object
        return None, f"file {path} holds no fit ({error})."
    except OSError as error:
        return None, f"file {path} cannot be read ({error})."


def _write(path: Path, kept: Kept, own: Mapping[str, Any]) -> None:
    """Keep a fit; one that cannot be kept is no reason to lose it."""
    try:
        write_object(path, kept._asdict(), own)
    except Exception as error:
        _warn(
            f"the fit cannot be kept in {path} ({type(error).__name__}: {error}). It is complete, "
            "but the next one will train again."
        )


def _warn(text: str) -> None:
    tell(FeatureSelectionWarning(text))
