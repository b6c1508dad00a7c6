"""Old files into tables, each line exactly once.

This package uses the store's public names only; the store never imports it.
"""

from .imports import import_paths
from .summary import FileSummary

__all__ = ["FileSummary", "import_paths"]
