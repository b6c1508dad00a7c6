"""What the commands of a shell script print: documents, newlines, text, or what cannot be followed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.shape import DOCUMENT, PRETTY, UNKNOWN, preferred
from audit.languages.shell.commands import Command, Pipelines, Redirect, parse
from audit.languages.shell.values import DEPTH, Site, Values
from audit.languages.shell.words import Piece, Token, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = DOCUMENT + "\n"
"""What a program prints that prints one document per line."""
_UNKNOWN_LINE = UNKNOWN + "\n"
_WRAPPERS = frozenset("sudo env nohup time timeout stdbuf nice ionice command exec builtin xargs unbuffer doas".split())
_SILENT = frozenset(
    ": true false read set cd export local declare readonly typeset [ [[ test mkdir rm mv cp touch source . sleep exit"
    " return shift trap kill wait chmod chown unset shopt pushd popd ln mapfile readarray eval flock break continue"
    " logger umask".split()
)
_TEXT = frozenset(
    "date uname hostname whoami ls ps df du free uptime env id nvidia-smi seq yes wc figlet banner".split()
)
LINE_FILTERS = frozenset("grep egrep fgrep rg head tail sort uniq tac shuf sed pv ts zcat gzcat bzcat xzcat".split())
"""Commands that give some of the lines that they get."""
_PACKERS = frozenset("gzip bzip2 xz zstd pigz lz4 base64 openssl gpg tar sha256sum md5sum sqlite3 psql".split())
_MAKES_TEXT = frozenset("git stat date find curl docker podman http".split())
_VARYING = re.compile(r"\$\{[^}]*\}|\$\([^()]*\)|\$\w+|`[^`]*`")
_OPTIONS_WITH_VALUE = {"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "--indent": 1, "-L": 1}


def plain(command: Command) -> list[Token]:
    """The words of a command without what only runs it, such as ``sudo`` and ``timeout 5``."""
    words = command.words
    while words and words[0].text.rpartition("/")[2] in _WRAPPERS:
        words = words[1:]
        while words and (words[0].text.startswith("-") or re.fullmatch(r"\d+[smh]?|\w+=.*", words[0].text)):
            words = words[1:]
    return words


def name_of(words: list[Token]) -> str:
    """The name of the program that some words run."""
    return words[0].text.strip("\"'").rpartition("/")[2] if words else ""


@dataclass(frozen=True, slots=True)
class Jq:
    """A call of jq.

    Args:
        options: Its options.
        filter: Its filter, quotes removed.
        files: The words that name its files.
    """

    options: tuple[str, ...]
    filter: str
    files: tuple[Token, ...]

    def has(self, letter: str, long: str) -> bool:
        """Whether an option is given, alone or among others as in ``-nc``."""
        return any(each == long or re.fullmatch(rf"-[a-zA-Z]*{letter}[a-zA-Z]*", each) for each in self.options)

    @property
    def output(self) -> str:
        """What it prints."""
        as_text = re.search(r"\btojson\b|@json\b", self.filter)
        if self.has("[rj]", "--raw-output"):
            made = DOCUMENT if as_text else "text"
            return made if self.has("j", "--join-output") else made + "\n"
        made = LINE if self.has("c", "--compact-output") else PRETTY + "\n"
        several = re.search(r"\.\[\]|\binputs\b|\bfromjson\b|\brange\(", self.filter)
        return made * 2 if several else made


def jq(words: list[Token]) -> Jq:
    """The parts of a call of jq or of a program that takes the same arguments."""
    options: list[str] = []
    rest: list[Token] = []
    at, from_file = 1, False
    while at < len(words):
        text = words[at].text
        if text in _OPTIONS_WITH_VALUE:
            at += _OPTIONS_WITH_VALUE[text]
        elif text in ("--args", "--jsonargs"):
            break
        elif text.startswith("-") and len(text) > 1:
            from_file = from_file or bool(re.fullmatch(r"--from-file|-[a-zA-Z]*f", text))
            options.append(text)
        else:
            rest.append(words[at])
        at += 1
    if from_file:
        return Jq(tuple(options), "", tuple(rest[1:]))
    code = "".join(piece.text for piece in pieces(rest[0].text)) if rest else "."
    return Jq(tuple(options), code, tuple(rest[1:]))


@dataclass(eq=False, slots=True)
class Contents:
    """Follows what is printed in one script.

    Args:
        values: Its variables and functions.
    """

    values: Values
    _active: set[str] = field(default_factory=set)
    _functions: dict[int, str] = field(default_factory=dict)

    def word(self, word: str, function: int, line: int, site: Site | None = None, depth: int = 0) -> str:
        """The text of a word, with a sign for each part that varies."""
        if depth > DEPTH:
            return UNKNOWN
        return "".join(self._piece(piece, function, line, site, depth + 1) for piece in pieces(word))

    def _piece(self, piece: Piece, function: int, line: int, site: Site | None, depth: int) -> str:
        if piece.kind == "text":
            return re.sub(r"[\x01-\x03]", "", piece.text)
        if piece.kind == "command":
            return self.printed(parse(piece.text, line), function, depth=depth).rstrip("\n")
        if piece.text.isdigit() or piece.text in "@*":
            return self._position(piece.text, function, site, depth)
        shapes = []
        for given in self.values.reaching(piece.text, function, line)[:6]:
            key = f"{piece.text} {given.line}"
            if key in self._active:
                continue
            self._active.add(key)
            shapes += [self.word(word, given.function, given.line, site, depth) for word in given.words[:3]]
            self._active.discard(key)
        return preferred(shapes) or UNKNOWN

    def _position(self, name: str, function: int, site: Site | None, depth: int) -> str:
        if not function:
            return UNKNOWN
        sites = [site] if site else self.values.sites.get(self.values.functions[function], [])[:8]
        shapes = []
        for each in sites:
            words = each.command.words[1:] if name in "@*" else each.command.words[int(name) : int(name) + 1]
            shapes.append(" ".join(self.word(w.text, each.function, each.command.line, None, depth + 1) for w in words))
        return preferred([each for each in shapes if each.startswith((DOCUMENT, "{"))] or shapes) or UNKNOWN

    def printed(self, pipelines: Pipelines, function: int, given: str = _UNKNOWN_LINE, depth: int = 0) -> str:
        """What commands print to where the script's own output goes.

        Args:
            pipelines: The commands.
            function: Number of the function in which they stand.
            given: What they get as their input.
            depth: Steps taken so far.
        """
        if depth > DEPTH:
            return UNKNOWN
        found: list[str] = []
        for pipeline in pipelines:
            flow = given
            for command in pipeline:
                flow = self.output(command, function, flow, depth + 1)
            if pipeline and not any(leaves(each) for each in pipeline[-1].redirects):
                found.append(flow)
        return "".join(found)

    def output(self, command: Command, function: int, given: str, depth: int = 0) -> str:
        """What one command prints, wherever that goes."""
        here = next((each for each in command.redirects if each.sign.text in ("<<", "<<-", "<<<")), None)
        given = self._document(here, function) if here else given
        if command.kind == "function":
            return ""
        if command.kind != "simple":
            return self.printed(command.body, function, given, depth) * (2 if command.kind == "loop" else 1)
        words = plain(command)
        name = name_of(words)
        number = self.values.number(name)
        if number:
            return self._function(number, given, depth)
        if name in _SILENT or not words:
            return ""
        if name in ("cat", "tee"):
            return given if name == "tee" or len(words) == 1 or words[1].text == "-" else _UNKNOWN_LINE
        if name in LINE_FILTERS:
            return given
        maker = _MAKERS.get(name)
        if maker:
            return maker(self, words, function)
        return self._program(name, words, given)

    def _function(self, number: int, given: str, depth: int) -> str:
        """What a function prints; looked at once for the input that is not known."""
        if given != _UNKNOWN_LINE:
            return self.printed(self.values.bodies[number], number, given, depth)
        if number not in self._functions:
            self._functions[number] = UNKNOWN  # while it is looked at: it may call itself
            self._functions[number] = self.printed(self.values.bodies[number], number, given, depth)
        return self._functions[number]

    def _document(self, here: Redirect, function: int) -> str:
        if here.sign.text == "<<<":
            return self.word(here.target.text, function, here.target.line) + "\n"
        if here.sign.quoted:
            return here.sign.body
        return _VARYING.sub(lambda found: self.word(found[0], function, here.sign.line), here.sign.body)

    def echo(self, words: list[Token], function: int) -> str:
        """What ``echo`` prints."""
        args = words[1:]
        options = ""
        while args and re.fullmatch(r"-[neE]+", args[0].text):
            options += args[0].text
            args = args[1:]
        text = " ".join(self.word(each.text, function, each.line) for each in args)
        if "e" in options:
            text = text.replace("\\n", "\n")
        return text if "n" in options else text + "\n"

    def printf(self, words: list[Token], function: int) -> str:
        """What ``printf`` prints."""
        args = words[3:] if len(words) > 2 and words[1].text == "-v" else words[1:]
        if not args:
            return ""
        rest = iter([self.word(each.text, function, each.line) for each in args[1:]])
        form = self.word(args[0].text, function, args[0].line)
        text = re.sub(r"%[-+#0 ]*\d*(?:\.\d+)?[a-zA-Z]", lambda _: next(rest, UNKNOWN), form.replace("%%", "\0"))
        return text.replace("\\n", "\n").replace('\\"', '"').replace("\0", "%")

    def _program(self, name: str, words: list[Token], given: str) -> str:
        args = " ".join(word.text for word in words[1:])
        if re.match(r"python|node$|deno$|bun$|ruby$|perl$|php$", name):
            return _code(args)
        if name == "tr":
            return given.replace("\n", "") if "\\n" in args and "-d" in args else given
        if name in ("awk", "gawk", "mawk"):
            return LINE if re.search(r"\{\\+\"", args) else _UNKNOWN_LINE
        if "{{json" in args or "{{ json" in args or "ojsonl" in args or (name == "journalctl" and "json" in args):
            return LINE
        if name in _MAKES_TEXT and re.search(r"""[='+ ]\{\\*"[\w@]+\\*":""", args):
            return LINE
        if name in _TEXT or name in _PACKERS:
            return "text\n"
        return _UNKNOWN_LINE


def leaves(redirect: Redirect) -> bool:
    """Whether a redirection takes away what a command prints."""
    return redirect.sign.text in (">", ">>", ">|", ">&") and redirect.sign.fd in ("", "1", "&")


def _code(args: str) -> str:
    if "json.tool" in args:
        return LINE if "--json-lines" in args or "--no-indent" in args or "--compact" in args else PRETTY + "\n"
    if re.search(r"json\.dumps\(|JSON\.(?:stringify|generate)\(|json_encode\(|to_json\b", args):
        pretty = re.search(r"indent\s*=|null\s*,\s*[\d\"']|pretty_generate|PRETTY_PRINT", args)
        return PRETTY + "\n" if pretty else LINE
    return _UNKNOWN_LINE


def _jq_output(_contents: Contents, words: list[Token], _function: int) -> str:
    return jq(words).output


def _yq_output(_contents: Contents, words: list[Token], _function: int) -> str:
    args = " ".join(word.text for word in words)
    if not re.search(r"-o[= ]?j|--output-format[= ]j|--tojson|-j\b|-c\b", args):
        return "text\n"
    return LINE if re.search(r"-I[= ]?0|--indent[= ]0|-c\b", args) else PRETTY + "\n"


def _jo_output(_contents: Contents, words: list[Token], _function: int) -> str:
    return PRETTY + "\n" if any(word.text == "-p" for word in words) else LINE


_MAKERS: dict[str, Callable[[Contents, list[Token], int], str]] = {
    "echo": Contents.echo,
    "printf": Contents.printf,
    "print": Contents.echo,
    "jq": _jq_output,
    "gojq": _jq_output,
    "jaq": _jq_output,
    "yq": _yq_output,
    "jo": _jo_output,
}
