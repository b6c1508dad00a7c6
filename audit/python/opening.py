"""Calls that open files: which file, in which mode."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.python.frame import Frame
from audit.python.names import callees, imported, origin
from audit.python.pathtext import last

if TYPE_CHECKING:
    from audit.python.module import Scope
    from audit.python.resolve import Resolver

OPENERS = frozenset(
    {
        "open", "fdopen", "open_text", "open_binary", "open_file", "open_atomic", "atomic_open", "atomic_write",
        "xopen", "smart_open", "GzipFile", "BZ2File", "LZMAFile", "BlobFile", "GFile", "Open", "FileIO", "FileType",
        "File",
        "NamedTemporaryFile", "SpooledTemporaryFile", "input",
    }
)  # fmt: skip
"""Last names of functions and classes that open a file."""

CLASSES = frozenset({"File", "FileType", "Open", "FileIO"})
"""Those of them that are this only when they come from certain modules."""

CLASS_HOMES = ("argparse", "click", "typer", "io", "tensorflow", "tf", "gfile")

NOT_FILES = frozenset(
    {
        "webbrowser", "jsonlines", "Image", "PIL", "zipfile", "tarfile", "wave", "driver", "dbm", "shelve", "fitz",
        "rasterio", "netCDF4", "h5py", "urllib", "requests", "soundfile", "av", "pdfplumber", "pymupdf", "mailbox",
        "sunau", "aifc", "lmdb", "s3", "psutil", "win32clipboard", "pty", "tty", "socket",
    }
)  # fmt: skip
"""First names of modules whose ``open`` gives no plain file."""

MODE = re.compile(r"(?=[bt+U]*[rwax])[rwaxbtU+]{1,4}")
STREAMS = frozenset({"/dev/stdout", "/dev/stderr", "/dev/null", "/dev/tty", "/dev/stdin", "-", "os.devnull"})
TEXTS = {"write_text": "truncate", "write_bytes": "truncate", "read_text": "read", "read_bytes": "read"}


@dataclass(frozen=True, slots=True)
class Opening:
    """A call that opens a file.

    Args:
        call: The call.
        scope: Where it stands.
        path: The expression that names the file.
        mode: ``append``, ``truncate``, ``update`` (``r+``) or ``read``; by its default where the caller decides.
        mechanism: Such as ``open-append`` or ``path-open``.
        given: The expression of the mode when the caller of the function decides it.
    """

    call: ast.Call
    scope: Scope
    path: ast.expr
    mode: str
    mechanism: str
    given: ast.expr | None = None


def openings(scope: Scope, resolver: Resolver) -> list[Opening]:
    """The calls of a scope that open a file, in source order."""
    frame = Frame(scope)
    found: list[Opening] = []
    for node in scope.nodes:
        if isinstance(node, ast.Call):
            each = _method_of_path(node, scope) or _opening(node, frame, resolver)
            if each is not None:
                found.append(each)
    return found


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of some keywords that a call has."""
    return next((each.value for name in names for each in call.keywords if each.arg == name), None)


def _method_of_path(call: ast.Call, scope: Scope) -> Opening | None:
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in TEXTS:
        return None
    return Opening(call, scope, func.value, TEXTS[func.attr], func.attr)


def _opening(call: ast.Call, frame: Frame, resolver: Resolver) -> Opening | None:
    scope = frame.scope
    name = last(call.func)
    if name not in OPENERS and not (isinstance(call.func, ast.Name) and _may_open(call.func.id, scope)):
        return None
    names = [each for each in callees(call.func, frame, resolver) if _opens(each)]
    if not names or resolver.symbol(call.func, frame) is not None:
        return None
    if names[0] == "os.open":
        return _descriptor(call, scope)
    if names[0].endswith("fdopen"):
        return _from_descriptor(call, frame, resolver)
    if names[0].endswith("TemporaryFile"):
        return _temporary(call, scope)
    if names[0] in ("fileinput.input", "fileinput.FileInput"):
        path = call.args[0] if call.args else keyword(call, "files")
        return Opening(call, scope, path, "read", "fileinput") if path is not None else None
    if names[0].endswith(("FileType", ".File")):
        return _declared(call, frame, resolver)
    path, given, method = _arguments(call, frame, resolver)
    if path is None or is_stream(path):
        return None
    return _with_mode(call, frame, resolver, path, given, "path-open" if method else "")


def _may_open(name: str, scope: Scope) -> bool:
    """Whether a plain name can stand for an opening function: a local alias, or another name of an import."""
    return name in scope.bindings or scope.module.imports.get(name, ("", ""))[1] in OPENERS


def _opens(name: str) -> bool:
    first, _, rest = name.partition(".")
    end = name.rpartition(".")[2]
    if end not in OPENERS or first in NOT_FILES or (rest and rest.split(".")[0] in NOT_FILES):
        return False
    if end == "input":
        return first == "fileinput"
    return end not in CLASSES or name.partition(".")[0] in CLASS_HOMES or "gfile" in name


def _with_mode(
    call: ast.Call, frame: Frame, resolver: Resolver, path: ast.expr, given: ast.expr | None, mechanism: str
) -> Opening:
    mode = mode_of(given, frame, resolver)
    by_caller = given is not None and any(text.params for text in resolver.texts(given, frame))
    word = mechanism or "open-" + {"append": "append", "read": "read"}.get(mode, "write")
    return Opening(call, frame.scope, path, mode, word, given if by_caller else None)


def mode_of(given: ast.expr | None, frame: Frame, resolver: Resolver) -> str:
    """What a mode means: appending counts before truncating, and what cannot be told is a read."""
    texts = [text.text for text in resolver.texts(given, frame)] if given is not None else ["r"]
    modes = [text for text in texts if MODE.fullmatch(text)]
    if any("a" in mode for mode in modes):
        return "append"
    if any(set("wx") & set(mode) for mode in modes):
        return "truncate"
    return "update" if any("+" in mode for mode in modes) else "read"


def _arguments(call: ast.Call, frame: Frame, resolver: Resolver) -> tuple[ast.expr | None, ast.expr | None, bool]:
    """The path, the mode, and whether the call is a method of the path."""
    func, args = call.func, call.args
    named = keyword(call, "mode")
    path = keyword(call, "file", "filename", "path", "name", "uri", "urlpath")
    if not isinstance(func, ast.Attribute) or last(func) != "open":
        return (args[0] if args else path), named or (args[1] if len(args) > 1 else None), False
    library = imported(func.value, frame.scope) and not _is_value(func.value, frame, resolver)
    if not args:
        return (path, named, False) if path is not None else (None if library else func.value, named, True)
    if len(args) == 1 or named is not None:
        texts = [text.text for text in resolver.texts(args[0], frame)]
        if all(MODE.fullmatch(text) or text == "{mode}" for text in texts) and named is None:
            return func.value, args[0], True
        if named is not None or library or not texts[0].startswith("{"):
            return args[0], named, False
        return (args[0], None, False) if "{mode}" not in texts else (func.value, args[0], True)
    first = args[0].value if isinstance(args[0], ast.Constant) else None
    if isinstance(first, str) and MODE.fullmatch(first) and not library:
        return func.value, args[0], True
    return args[0], args[1], False


def _is_value(node: ast.expr, frame: Frame, resolver: Resolver) -> bool:
    """Whether a dotted expression names a variable of the project, and no module."""
    while isinstance(node, ast.Attribute):
        if resolver.attribute(node, frame):
            return True
        node = node.value
    found = resolver.project.imported(frame.scope.module, node.id) if isinstance(node, ast.Name) else None
    return isinstance(found, tuple)


def is_stream(path: ast.expr) -> bool:
    """Whether a path is a descriptor or a device and not a file."""
    if isinstance(path, ast.Constant):
        return isinstance(path.value, int) or path.value in STREAMS
    return last(path) in ("devnull", "fileno")


def _descriptor(call: ast.Call, scope: Scope) -> Opening | None:
    flags = ast.dump(call.args[1]) if len(call.args) > 1 else ""
    if "Name" in flags and "O_" not in flags and isinstance(call.args[1], ast.Name):
        bound = scope.bindings.get(call.args[1].id, ())
        flags = " ".join(ast.dump(each.value) for each in bound if each.value is not None)
    if not call.args:
        return None
    mode = "append" if "O_APPEND" in flags else "truncate" if "O_WRONLY" in flags or "O_RDWR" in flags else "read"
    return Opening(call, scope, call.args[0], mode, "os-open")


def _from_descriptor(call: ast.Call, frame: Frame, resolver: Resolver) -> Opening | None:
    """``fdopen`` of what ``mkstemp`` gave; of any other descriptor it opens no file."""
    if not call.args or not isinstance(call.args[0], ast.Name):
        return None
    for place in frame.scope.bindings.get(call.args[0].id, ()):
        if place.how == "item" and last(place.value) == "mkstemp" and isinstance(place.value, ast.Call):
            given = keyword(call, "mode") or (call.args[1] if len(call.args) > 1 else None)
            return _with_mode(call, frame, resolver, place.value, given, "mkstemp")
    return None


def _temporary(call: ast.Call, scope: Scope) -> Opening:
    given = keyword(call, "mode") or (call.args[0] if call.args else None)
    text = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else "w"
    return Opening(call, scope, call, "append" if "a" in text else "truncate", "temporary-file")


def _declared(call: ast.Call, frame: Frame, resolver: Resolver) -> Opening | None:
    """``argparse.FileType`` or ``click.File`` in the declaration of an option."""
    declaring = frame.scope.parents.get(frame.scope.parents.get(call, call))
    if not isinstance(declaring, ast.Call):
        return None
    given = keyword(call, "mode") or (call.args[0] if call.args else None)
    flag = declaring.args[-1] if declaring.args else None
    name = str(flag.value).lstrip("-").replace("-", "_") if isinstance(flag, ast.Constant) else "option"
    path = keyword(declaring, "default") or ast.copy_location(ast.Name(name, ast.Load()), call)
    return _with_mode(call, frame, resolver, path, given, "option")


def first_name(node: ast.expr, scope: Scope) -> str:
    """The first part of the full name of what an expression names."""
    return origin(node, scope).partition(".")[0]
