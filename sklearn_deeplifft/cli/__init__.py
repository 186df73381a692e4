"""Floor 8: the console script ``sklearn-deeplifft``."""

import sys

try:
    from sklearn_deeplifft.cli._main import main
except KeyboardInterrupt:
    # Ctrl-C as early as this meets no command yet, and only here is there a line to say so.
    print("Interrupted: nothing was written.", file=sys.stderr)
    raise SystemExit(130) from None

__all__ = ["main"]
