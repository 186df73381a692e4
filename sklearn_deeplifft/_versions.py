"""Versions of this package and of those that it uses, whether or not they were installed by pip."""

from __future__ import annotations

from pathlib import Path

__all__ = ["__version__", "source_digest", "version_of"]

__version__ = "0.1.0"


def version_of(distribution: str) -> str:
    """Version of a distribution, or ``"unknown"``.

    Ours is what the source says: it has no metadata where the source is only on the path, and
    metadata of an editable installation may be older than the source.
    """
    if distribution == "sklearn-deeplifft":
        return __version__
    # Here, as the package is imported for --help as well, and this loads email and zipfile.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def source_digest(folder: Path = Path(__file__).parent) -> str:
    """Hex digest of the source files in a folder, this package's by default.

    A working copy changes under one version; where there are no files, as in a zip, the version is
    all that tells.
    """
    from hashlib import sha256

    found = sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(sha256(path.relative_to(folder).as_posix().encode()).digest())
        found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()
