"""The modules of a tree: finds them by import name, parses them when they are asked for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from audit.python.module import Class, Module, Scope
from audit.syntax import silent


@dataclass(eq=False, slots=True)
class Project:
    """The Python sources of a tree.

    Args:
        sources: Text of each file by its path relative to the root.
    """

    sources: dict[str, str]
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _tails: dict[str, list[str]] = field(default_factory=dict)
    _wanted: set[str] = field(default_factory=set)
    _words: dict[str, list[str]] = field(default_factory=dict)
    _clean: set[str] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)
    _searched: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the paths by the last part of their import name."""
        for path in self.sources:
            self._tails.setdefault(dotted(path).rpartition(".")[2], []).append(path)

    def watch(self) -> tuple[set[str], dict[tuple[str, ...], list[str]]]:
        """What fills from now on: the modules that are read, and the words that are searched with what was found."""
        self._read, self._searched = set(), {}
        return self._read, self._searched

    def parses(self, path: str) -> bool:
        """Whether a source is known to parse, byte for byte, since it was parsed already."""
        return path in self._clean

    def module(self, path: str) -> Module | None:
        """The parsed module, or ``None`` when the source does not parse."""
        self._read.add(path)
        if path not in self._modules:
            text = self.sources[path]
            try:
                with silent():
                    tree: ast.Module | None = ast.parse(text)
                    if "\ufffd" not in text and "coding" not in text[:300]:
                        self._clean.add(path)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                tree = None
            self._modules[path] = Module(path, text, tree) if tree is not None else None
        return self._modules[path]

    def drop(self, path: str) -> None:
        """Give back the memory of a module that has no findings, unless another one imports from it."""
        if path not in self._wanted:
            module = self._modules.pop(path, None)
            if module is not None:
                module.release()

    def release(self) -> None:
        """Give back the memory of all modules; what refers to itself is taken apart."""
        for module in self._modules.values():
            if module is not None:
                module.release()
        self._modules.clear()

    def adopt(self, path: str, tree: ast.Module) -> Module:
        """Take a tree that a tolerant pass made of a file that does not parse."""
        module = Module(path, self.sources[path], tree)
        self._modules[path] = module
        return module

    def locate(self, name: str, importer: Module) -> Module | None:
        """The module that an import names, relative imports and ``sys.path`` tricks included.

        Args:
            name: Dotted name, with leading dots when relative.
            importer: The module that holds the import.

        Returns:
            The module, or ``None`` when it is not of this tree or when several would fit equally well.
        """
        if name.startswith("."):
            level = len(name) - len(name.lstrip("."))
            package = importer.path.split("/")[:-level]
            rest = [part for part in name.lstrip(".").split(".") if part]
            return self._exact("/".join([*package, *rest]))
        found = self._exact(name.replace(".", "/"))
        if found or not name:
            return found
        fits = [
            path for path in self._tails.get(name.rpartition(".")[2], ()) if ("." + dotted(path)).endswith("." + name)
        ]
        if not fits:
            return None
        fits.sort(key=lambda path: -_shared(path, importer.path))
        if len(fits) > 1 and _shared(fits[0], importer.path) == _shared(fits[1], importer.path):
            return None
        self._wanted.add(fits[0])
        return self.module(fits[0])

    def _exact(self, stem: str) -> Module | None:
        for path in (stem + ".py", stem + "/__init__.py"):
            if path in self.sources:
                self._wanted.add(path)
                return self.module(path)
        return None

    def imported(self, module: Module, name: str, depth: int = 0) -> Scope | Class | Module | tuple[Module, str] | None:
        """What a name of a module's top level is, imports and re-exports followed.

        Returns:
            A function, a class, a module, or the module and name of a variable; ``None`` when unknown.
        """
        if name in module.functions:
            return module.functions[name]
        if name in module.classes:
            return module.classes[name]
        if name in module.top.bindings:
            return module, name
        if name not in module.imports or depth > 6:
            return None
        source, symbol = module.imports[name]
        if symbol:
            origin = self.locate(source, module)
            if origin is not None and origin is not module:
                found = self.imported(origin, symbol, depth + 1)
                if found is not None:
                    return found
            joined = source + symbol if source.endswith(".") else f"{source}.{symbol}"
            return self.locate(joined, module)
        return self.locate(source, module)

    def mentioning(self, *words: str) -> list[str]:
        """Paths of the files whose text holds all of the words."""
        if words in self._searched:
            return self._searched[words]
        first, *rest = words
        if first not in self._words:
            self._words[first] = [path for path, text in self.sources.items() if first in text]
        found = [path for path in self._words[first] if all(word in self.sources[path] for word in rest)]
        self._searched[words] = found
        return found

    def lines_with(self, path: str, word: str) -> list[int]:
        """Line numbers on which a file has a word as a whole."""
        text = self.sources[path]
        lines: list[int] = []
        at, count = 0, 1
        found = text.find(word)
        while found >= 0:
            end = found + len(word)
            if not _continues(text[found - 1 : found]) and not _continues(text[end : end + 1]):
                count += text.count("\n", at, found)
                at = found
                lines.append(count)
            found = text.find(word, end)
        return lines


def _continues(letter: str) -> bool:
    """Whether a letter beside a word makes another word of it."""
    return letter.isalnum() or letter == "_"


def dotted(path: str) -> str:
    """The import name of a source path."""
    stem = path.removesuffix(".pyw").removesuffix(".py").removesuffix("/__init__")
    return stem.replace("/", ".")


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
