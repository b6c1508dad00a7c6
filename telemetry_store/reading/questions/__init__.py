"""Questions that are asked again and again, each an `.sql` file with a sentence; see `library.py`."""

from .library import Question, find, library
from .template import tables_of

__all__ = ["Question", "find", "library", "tables_of"]
