"""What becomes of a followed value: a handle gives text, text gives lines, lines give single lines."""

from __future__ import annotations

from audit.python.names import OTHER_FORMATS

_ELEMENT = {"handle": "line", "lines": "line", "box": "handle"}
_PASSED = {"line": "lines", "handle": "box", "lines": "lines", "box": "box", "whole": ""}
_METHODS = {
    ("handle", "read"): "whole",
    ("handle", "readall"): "whole",
    ("handle", "read_text"): "whole",
    ("handle", "readline"): "line",
    ("handle", "readlines"): "lines",
    ("handle", "xreadlines"): "lines",
    ("handle", "iter"): "lines",
    ("handle", "fileno"): "handle",
    ("handle", "detach"): "handle",
    ("handle", "__enter__"): "handle",
    ("handle", "__aenter__"): "handle",
    ("handle", "open"): "handle",
    ("whole", "splitlines"): "lines",
    ("whole", "split"): "lines",
    ("whole", "rsplit"): "lines",
    ("whole", "partition"): "",
    ("whole", "find"): "",
    ("lines", "pop"): "line",
    ("lines", "popleft"): "line",
    ("box", "get"): "handle",
    ("box", "pop"): "handle",
    ("box", "setdefault"): "handle",
    ("line", "split"): "",
    ("line", "rsplit"): "",
    ("line", "partition"): "",
    ("line", "rpartition"): "",
}
_WRAPPERS = frozenset(
    {
        "TextIOWrapper", "BufferedWriter", "BufferedReader", "BufferedRandom", "closing", "aclosing", "enter_context",
        "enter_async_context", "push", "stream_writer", "stream_reader", "GzipFile", "BZ2File", "LZMAFile", "open",
        "fdopen", "mmap", "cast", "EncodedFile", "wrap_file", "wrapattr", "nullcontext", "wrap", "AsyncFile",
        "list", "tuple", "deque", "islice", "reversed", "enumerate", "sorted", "iter", "map", "filter", "zip", "next",
        "chain", "tqdm", "trange", "track", "set", "cycle", "batched", "chunked", "peekable", "takewhile", "dropwhile",
        "zip_longest", "imap", "imap_unordered", "auto", "progress", "progressbar", "tqdm_notebook",
        "copy", "deepcopy", "shuffle", "sample", "choice", "isort", "unique", "str", "bytes", "bytearray", "memoryview",
    }
)  # fmt: skip
_TAKERS = frozenset(
    {
        "reader", "writer", "DictReader", "DictWriter", "len", "sum", "any", "all", "min", "max", "isinstance",
        "type", "print", "repr", "hash", "id", "bool", "int", "float", "sha256", "md5", "sha1", "read_csv", "loads",
        "dumps", "load", "dump", "write", "append", "info", "debug", "warning", "error", "eval", "literal_eval",
        "exec", "compile", "search", "match", "findall", "finditer", "Counter", "copyfileobj", "safe_load",
        "BeautifulSoup", "fromstring",
    }
)  # fmt: skip


def element(level: str) -> str:
    """The level of one of what a value yields; empty when it is of no more use."""
    return _ELEMENT.get(level, "")


def passed(level: str) -> str:
    """The level of a container or a generator that holds a value of some level."""
    return _PASSED.get(level, "")


def through(level: str, method: str) -> str:
    """The level of what a method of a value gives."""
    found = _METHODS.get((level, method))
    if found is not None:
        return found
    return "" if level in ("handle", "write", "readline") else level


def keeps(name: str, level: str) -> bool:
    """Whether a function outside the project gives back, in some form, the value that it is given.

    Args:
        name: Its full name.
        level: The level of the value.
    """
    first, end = name.partition(".")[0], name.rpartition(".")[2]
    if first in OTHER_FORMATS or end in _TAKERS:
        return False
    return end in _WRAPPERS or level != "handle"
