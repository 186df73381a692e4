"""Versions of this package and of those that it uses, whether or not they were installed by pip."""

from __future__ import annotations

__all__ = ["__version__", "version_of"]

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
