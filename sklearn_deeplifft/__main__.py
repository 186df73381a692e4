"""``python -m sklearn_deeplifft``: the command line."""

from sklearn_deeplifft.cli import main

main(prog_name="python -m sklearn_deeplifft")
