"""Questions that are asked again and again, each an `.sql` file with a sentence; see `library.py`."""

from .library import Question, find, library

__all__ = ["Question", "find", "library"]
