"""Floor 7: what a fitted selector found, as one HTML file that needs nothing else."""

from sklearn_deeplifft.report._evidence import Doubt
from sklearn_deeplifft.report._make import Report, make_report
from sklearn_deeplifft.report._origin import Origin
from sklearn_deeplifft.report._page import require_extra
from sklearn_deeplifft.report._provenance import file_hash

__all__ = ["Doubt", "Origin", "Report", "file_hash", "make_report", "require_extra"]
