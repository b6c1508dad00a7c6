"""Calls whose text is known from their name: joins, environment variables, suffixes, what gives back its argument."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from audit.python.pathtext import BRACES, Text, formatted, join, last, product, solid, up, without_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.python.frame import Frame
    from audit.python.resolve import Resolver

SAME = frozenset(
    {
        "resolve",
        "absolute",
        "expanduser",
        "as_posix",
        "strip",
        "rstrip",
        "lower",
        "upper",
        "decode",
        "encode",
        "normpath",
        "abspath",
        "realpath",
        "fspath",
        "str",
        "Path",
        "PurePath",
        "PosixPath",
        "WindowsPath",
        "fsdecode",
        "cast",
        "sorted",
        "list",
        "tuple",
        "reversed",
        "set",
        "iter",
        "next",
        "deepcopy",
        "copy",
    }
)
"""Calls and methods that give back their argument as far as its text goes."""


def _join(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
        return ()
    return product([resolver.texts(arg, frame, depth) for arg in node.args], join) if node.args else ()


def _joinpath(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute):
        return ()
    return product([resolver.texts(arg, frame, depth) for arg in (node.func.value, *node.args)], join)


def _rglob(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute):
        return ()
    any_depth = (Text("**"),)
    return product(
        [
            resolver.texts(node.func.value, frame, depth),
            any_depth,
            *(resolver.texts(a, frame, depth) for a in node.args),
        ],
        join,
    )


def _dirname(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    return [Text(up(t.text, 1), t.params) for t in resolver.texts(node.args[0], frame, depth)] if node.args else ()


def _with_suffix(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return ()
    suffix = resolver.texts(node.args[0], frame, depth)
    return product(
        [resolver.texts(node.func.value, frame, depth), suffix],
        lambda path, end: re.sub(r"\.[^./{}]*$", "", path) + end,
    )


def _with_name(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return ()
    names = resolver.texts(node.args[0], frame, depth)
    return product([resolver.texts(node.func.value, frame, depth), names], lambda path, name: join(up(path, 1), name))


def _getenv(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not node.args:
        return ()
    variable = str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else "env"
    given = [Text(f"{{${variable}}}")]
    if len(node.args) > 1:
        given = [*resolver.given(node.args[1], frame, depth), *given]
    return given


def _get(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return ()
    if last(node.func.value) == "environ":
        return _getenv(node, frame, resolver, depth)
    key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    found: list[Text] = []
    for value, where in resolver.chase(node.func.value, frame, depth):
        found += resolver.item(value, where, key, depth)
    if len(node.args) > 1:
        found += resolver.given(node.args[1], frame, depth)
    return found


def _format(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute):
        return ()
    values = [resolver.texts(each, frame, depth)[0] for each in node.args if not isinstance(each, ast.Starred)]
    named = {each.arg: resolver.texts(each.value, frame, depth)[0] for each in node.keywords if each.arg}
    return [formatted(each, values, named, BRACES) for each in resolver.texts(node.func.value, frame, depth)]


def _basename(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    texts = resolver.texts(node.args[0], frame, depth) if node.args else ()
    names = [Text(text.text.rpartition("/")[2], text.params) for text in texts]
    return [each for each in names if solid(each.text)]


def _with_stem(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return ()
    stem = resolver.texts(node.args[0], frame, depth)
    paths = resolver.texts(node.func.value, frame, depth)
    return product([paths, stem], lambda path, name: join(up(path, 1), name + path[len(without_suffix(path)) :]))


def _removesuffix(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if not isinstance(node.func, ast.Attribute) or not node.args:
        return ()
    end = resolver.texts(node.args[0], frame, depth)[0].text
    return [Text(t.text.removesuffix(end), t.params) for t in resolver.texts(node.func.value, frame, depth)]


def _glob(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if isinstance(node.func, ast.Name) or last(node.func.value) == "glob":  # type: ignore[attr-defined]
        return resolver.texts(node.args[0], frame, depth) if node.args else ()
    return _joinpath(node, frame, resolver, depth)


def _temporary(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    suffix = next((each.value for each in node.keywords if each.arg == "suffix"), None)
    ends = resolver.texts(suffix, frame, depth) if suffix is not None else (Text(""),)
    return [Text("{tmp}" + each.text, each.params) for each in ends]


def _replace(node: ast.Call, frame: Frame, resolver: Resolver, depth: int) -> Iterable[Text]:
    if isinstance(node.func, ast.Attribute) and len(node.args) == 2:
        old, new = (resolver.texts(arg, frame, depth)[0].text for arg in node.args)
        return (
            [Text(t.text.replace(old, new), t.params) for t in resolver.texts(node.func.value, frame, depth)]
            if old
            else ()
        )
    return ()


def _cwd(_node: ast.Call, _frame: Frame, _resolver: Resolver, _depth: int) -> Iterable[Text]:
    return (Text("."),)


def _home(_node: ast.Call, _frame: Frame, _resolver: Resolver, _depth: int) -> Iterable[Text]:
    return (Text("~"),)


def _mkdtemp(_node: ast.Call, _frame: Frame, _resolver: Resolver, _depth: int) -> Iterable[Text]:
    return (Text("{tmp}"),)


def is_library(node: ast.expr) -> bool:
    """Whether an expression names a module whose functions take the path as an argument."""
    if isinstance(node, ast.Attribute):
        return is_library(node.value)
    return isinstance(node, ast.Name) and node.id in {
        "os",
        "path",
        "pathlib",
        "copy",
        "typing",
        "osp",
        "shutil",
        "anyio",
    }


KNOWN: dict[str, Callable[[ast.Call, Frame, Resolver, int], Iterable[Text]]] = {
    "join": _join,
    "joinpath": _joinpath,
    "glob": _glob,
    "iglob": _glob,
    "basename": _basename,
    "with_stem": _with_stem,
    "removesuffix": _removesuffix,
    "NamedTemporaryFile": _temporary,
    "mkstemp": _temporary,
    "rglob": _rglob,
    "dirname": _dirname,
    "with_suffix": _with_suffix,
    "with_name": _with_name,
    "getenv": _getenv,
    "get": _get,
    "format": _format,
    "replace": _replace,
    "cwd": _cwd,
    "getcwd": _cwd,
    "home": _home,
    "mkdtemp": _mkdtemp,
    "gettempdir": _mkdtemp,
}
"""What gives the texts of a call, by the name of what is called; nothing when the call is not that one after all."""
