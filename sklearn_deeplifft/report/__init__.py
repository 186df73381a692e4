"""Floor 7: what a fitted selector found, as one HTML file that needs nothing else."""

from sklearn_deeplifft.report._origin import Origin
from sklearn_deeplifft.report._write import write_report

__all__ = ["Origin", "write_report"]
