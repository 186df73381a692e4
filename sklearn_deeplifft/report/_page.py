"""The page: a template filled in, with style and script inside, and nothing fetched."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

__all__ = ["render", "require_extra"]


def require_extra() -> None:
    """Raise ``ImportError`` that names the extra, before anything is computed."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"a report needs {error.name}, which is not installed; pip install "
            "'sklearn-deeplifft[report]' brings it."
        ) from error


def render(**parts: Any) -> str:
    """Fill in the template; text is escaped, and figures alone are not.

    Its policy lets a browser run the one script whose hash stands in it, and fetch nothing: if a
    name of some table got through as a tag all the same, it would do nothing.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sklearn_deeplifft.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    page = files("sklearn_deeplifft.report") / "page"
    style, script = ((page / name).read_text("utf-8") for name in ("report.css", "report.js"))
    return environment.get_template("report.html").render(
        style=style, script=script, script_hash=_hash(f"\n{script}"), **parts
    )


def _hash(script: str) -> str:
    """Hash of what stands between the tags, as a policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
