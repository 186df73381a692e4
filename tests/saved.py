"""Changes to saved files that a checksum cannot tell, as whoever can write files can make them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn_deeplifft.saving._container import DIGITS, read_blocks, write_blocks

__all__ = ["resigned", "rewritten"]


def resigned(content: bytes) -> bytes:
    """The content with the checksum that fits it."""
    plain = content[: DIGITS.start] + b"0" * 64 + content[DIGITS.stop :]
    digest = hashlib.sha256(plain).hexdigest().encode()
    return content[: DIGITS.start] + digest + content[DIGITS.stop :]


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the JSON of a file, and sign it."""
    text, blocks = read_blocks(path)
    content = json.loads(text)
    change(content)
    write_blocks(path, json.dumps(content), blocks)
