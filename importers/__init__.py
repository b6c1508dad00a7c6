"""Old files into tables, each line exactly once.

This package uses the store's public names only; the store never imports it.
"""

from .imports import import_paths
from .summary import FileSummary
from .verify import Verified, verify

__all__ = ["FileSummary", "Verified", "import_paths", "verify"]
