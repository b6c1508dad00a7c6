# ruff: noqa: INP001 - the interpreter finds it by its directory, which holds nothing else
"""Records which files a program opens, by an audit hook, from inside the program.

The directory comes first on ``PYTHONPATH``: ``site`` imports this file in place of the user's ``sitecustomize``, which
is run afterwards. It must run on Python 3.8, leave older ones alone, and do no harm: no lock, no exception of its own,
no write but to its own file.

A process appends to one file of the directory ``TELEMETRY_TRACE``, each record a line by one ``os.write``, so that what
was recorded is there when the process is killed. Fields are separated by tabs, the first one is the kind:

    H pid parent version argument…              the process
    S stack (path line name)…                   frames inside the root, innermost first
    O open stack thread way flags ns size path  an opening seen for the first time; size is -1 when there was none
    R open ns                                   the same again
    C open pid…                                 processes that had it open for writing when it was opened
    M ns source destination                     a rename or a link
    G path size sample                          removed; what it held is in the file ``sample``
    P whole argument…                           a command was started, ``whole`` is 0 when it lacks the environment
    X                                           too much: nothing is recorded from here on
"""

import os
import sys
import time
from _thread import get_ident
from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

WRITES = os.O_WRONLY | os.O_RDWR
COMPILED = (".pyc", ".pyo")
SOURCES = (".py", ".pyi", ".pth", ".so", ".pyd", ".dll", ".dylib", ".egg-link")
SYSTEM = ("/dev/", "/proc/", "/sys/")
LINES = (".jsonl", ".ndjson", ".jsonlines", ".ldjson")
FAR = 200  # so many frames are walked until one is inside the root
NEAR = 16  # and so many from that one on
PLACES = 4  # frames inside the root that tell one stack from another
COMMANDS = 200
SAMPLE = 64 * 1024
LARGEST = 64 * 1024 * 1024
LOWEST_DESCRIPTOR = 200


class Recorder:
    """The audit hook of one process, and of those forked from it."""

    def __init__(self, directory: str, roots: "list[str]") -> None:
        self.directory = directory
        self.skipped = (*SYSTEM, directory + os.sep)
        self.keeping: set[int] = set()
        self.roots = roots
        self.library = os.path.dirname(os.__file__)
        self.start = os.getcwd()
        self.inside: dict[str, str] = {}
        self.problem = Exception
        self.handlers: dict[str, Callable[..., None]] = {
            "open": self.opened,
            "os.rename": self.renamed,
            "os.link": self.renamed,
            "os.remove": self.removed,
            "subprocess.Popen": self.command,
            "os.posix_spawn": self.command,
            "os.exec": self.command,
        }
        self.begin()

    def hook(self, event: str, args: tuple) -> None:  # type: ignore[type-arg]
        """Record an event. Only what a signal handler raised in the meantime goes through to the program."""
        handler = self.handlers.get(event)
        if handler is None:
            return
        try:
            handler(*args)
        except self.problem as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None and trace.tb_frame.f_code.co_filename != self.own:
                raise

    own = __file__

    def begin(self) -> None:
        """Start the file of this process; a forked child comes here at its first event."""
        pid = os.getpid()
        self.numbers, self.samples = count(1), count(1)
        self.seen: dict[tuple[object, ...], list[int]] = {}
        self.stacks: dict[tuple[object, ...], int] = {}
        self.commands = 0
        self.left = LARGEST
        self.descriptor = -1
        self.pid = pid
        self.name = f"{self.directory}/{pid}.{time.monotonic_ns()}"
        try:
            low = os.open(self.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError:
            return  # the directory is gone, or the process may open no more files
        self.descriptor = high(low)
        status = os.fstat(self.descriptor)
        self.identity = (status.st_dev, status.st_ino)
        words = getattr(sys, "orig_argv", None) or [sys.executable, *getattr(sys, "argv", [])]
        self.write("H", pid, os.getppid(), ".".join(map(str, sys.version_info[:3])), *words[:50])

    def ready(self) -> bool:
        """Whether the file is still ours: the program may have forked, or closed every descriptor."""
        if os.getpid() != self.pid:
            self.begin()
        if self.descriptor < 0:
            return False
        try:
            status = os.fstat(self.descriptor)
            if (status.st_dev, status.st_ino) == self.identity:
                return True
        except OSError:
            pass
        self.begin()
        return self.descriptor >= 0

    def write(self, *fields: object) -> None:
        """Append a record."""
        line = os.fsencode("\t".join([escaped(field) for field in fields]) + "\n")
        self.left -= len(line)
        if self.left < 0:
            os.write(self.descriptor, b"X\n")
            self.descriptor = -1
        else:
            os.write(self.descriptor, line)

    def opened(self, path: object, mode: object, flags: int) -> None:
        """The event ``open``: by a name, or by a descriptor that is then looked up."""
        way = "o" if mode is None else "n"
        if path.__class__ is int:
            way = "d"
        name = path if path.__class__ is str else named(path)
        writes = flags & WRITES
        if not name or name.endswith(COMPILED) or "__pycache__" in name or (not writes and name.endswith(SOURCES)):
            return
        if name[0] != "/":
            name = os.path.join(os.getcwd(), name)
        if name.startswith(self.skipped) or get_ident() in self.keeping or not self.ready():
            return
        stack = self.stack()
        if not stack and not writes:
            return
        key = (name, flags, way, get_ident(), stack)
        known = self.seen.get(key)
        if known is None:
            self.first(key, name, flags, way, stack)
            return
        number, times = known
        known[1] = times = times + 1
        if number:
            moment = b"R\t%d\t%d\n" % (number, time.monotonic_ns())
            self.left -= len(moment)
            os.write(self.descriptor, moment)
            if writes and not times & (times - 1):
                self.together(number, name)

    def first(self, key: "tuple[object, ...]", name: str, flags: int, way: str, stack: "tuple[object, ...]") -> None:
        """Record an opening that this process has not made before from this place."""
        size = -1
        try:
            status = os.stat(name)
        except (OSError, ValueError):
            if not flags & WRITES:
                return
        else:
            size = status.st_size
            if status.st_mode & 0o170000 != 0o100000:
                self.seen[key] = [0, 1]
                return
        number = next(self.numbers)
        place = self.stacks.get(stack)
        if place is None:
            place = number if stack else 0
            if stack:
                self.write("S", place, *self.frames())
            self.stacks[stack] = place
        self.write("O", number, place, get_ident(), way, flags, time.monotonic_ns(), size, name)
        self.seen[key] = [number, 1]  # only now: the handler of a signal may raise anywhere
        if flags & WRITES and size >= 0:
            self.together(number, name)

    def stack(self) -> "tuple[object, ...]":
        """What tells one stack from another: the innermost frames inside the root, each with its line."""
        frame, inside, left = caller(), self.inside, FAR
        found: tuple[object, ...] = ()
        while frame is not None and left:
            known = frame.f_globals
            name = known.get("__file__") or known.get("__name__") or ""
            place = inside.get(name)
            if place is None:
                place = inside[name] = self.place(frame.f_code.co_filename)
            if place:
                if not found:
                    left = NEAR
                found += (name, frame.f_lineno)
                if len(found) == 2 * PLACES:
                    break
            frame = frame.f_back
            left -= 1
        return found

    def frames(self) -> "list[object]":
        """The frames inside the root, innermost first: path, line and function, one after another."""
        frame = caller()
        found: list[object] = []
        left = FAR
        while frame is not None and left:
            code = frame.f_code
            place = self.place(code.co_filename)
            if place:
                found += (place, frame.f_lineno or 0, getattr(code, "co_qualname", code.co_name))
            frame = frame.f_back
            left -= 1
        return found

    def place(self, name: str) -> str:
        """Where a source file lies below the root, or an empty string when it is not of the project."""
        full = os.path.normpath(os.path.join(self.start, name))
        found = ""
        for root in self.roots:
            if full.startswith(root) and name[:1] != "<" and not full.startswith(self.library + os.sep):
                below = full[len(root) :].replace(os.sep, "/")
                if "site-packages/" not in below and "dist-packages/" not in below:
                    found = below
        return found

    def together(self, number: int, name: str) -> None:
        """Record which other traced processes have a file open for writing now, where the system tells."""
        others = []
        try:
            status = os.stat(name)
            for each in os.listdir(self.directory)[:256]:
                pid = each.partition(".")[0]
                if pid.isdigit() and int(pid) != self.pid and holds(pid, status):
                    others.append(pid)
        except OSError:
            return
        if others:
            self.write("C", number, *others)

    def renamed(self, source: object, destination: object, source_dir: int = -1, destination_dir: int = -1) -> None:
        """The events ``os.rename`` and ``os.link``."""
        old, new = located(source, source_dir), located(destination, destination_dir)
        if old and new and "__pycache__" not in new and not new.startswith(self.skipped) and self.ready():
            self.write("M", time.monotonic_ns(), old, new)

    def removed(self, path: object, directory: int = -1) -> None:
        """The event ``os.remove``: keep the beginning of what a file held, when it may be of interest."""
        name = located(path, directory)
        if not name or name.startswith(self.skipped) or not self.ready():
            return
        if not name.endswith(LINES) and not any(key[0] == name for key in list(self.seen)):
            return
        try:
            status = os.lstat(name)
            if status.st_mode & 0o170000 != 0o100000 or not status.st_size:
                return
            sample = f"{self.name}.{next(self.samples)}"
            self.keeping.add(get_ident())
            keep(name, sample)
        except OSError:
            return
        finally:
            self.keeping.discard(get_ident())
        self.write("G", name, status.st_size, os.path.basename(sample))

    def command(self, path: str, args: "list[str] | str | None", *rest: object) -> None:
        """The events ``subprocess.Popen``, ``os.exec`` and ``os.posix_spawn``; the environment comes last."""
        if self.commands >= COMMANDS or not self.ready():
            return
        self.commands += 1
        env = rest[-1]
        whole = env is None or "TELEMETRY_TRACE" in [os.fsdecode(name) for name in env]  # type: ignore[attr-defined]
        single = isinstance(args, (str, bytes)) or hasattr(args, "__fspath__")
        words: list[str] = [path] if args is None else [args] if single else args  # type: ignore[assignment,list-item]
        self.write("P", int(whole), *[os.fsdecode(word)[:2000] for word in words[:50]])


def caller() -> "FrameType | None":
    """The frame of the program that raised the event. Unlike ``sys._getframe``, this raises no event itself."""
    try:
        raise ValueError  # noqa: TRY301 - its traceback has the frame
    except ValueError as error:
        frame: FrameType | None = error.__traceback__.tb_frame  # type: ignore[union-attr]
    own = globals()
    while frame is not None and frame.f_globals is own:
        frame = frame.f_back
    return frame


def escaped(field: object) -> str:
    """A field as text without tabs and line ends."""
    return str(field).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def named(path: object) -> str:
    """The name in an event: text, bytes, a path, or a descriptor; an empty string when there is none."""
    if path.__class__ is str:
        return path
    if isinstance(path, int):
        try:
            found = os.readlink(f"/proc/self/fd/{path}")
        except OSError:
            return ""
        return found if found[:1] == "/" and not found.endswith(" (deleted)") else ""
    return os.fsdecode(path) if isinstance(path, bytes) or hasattr(path, "__fspath__") else ""


def located(path: object, directory: int) -> str:
    """A name made absolute, from the current directory or from the one that a descriptor stands for."""
    name = named(path)
    if not name or os.path.isabs(name):
        return name
    base = named(directory) if isinstance(directory, int) and directory >= 0 else os.getcwd()
    return os.path.join(base, name) if base else ""


def holds(pid: str, wanted: os.stat_result) -> bool:
    """Whether a process has a file open for writing; only Linux tells."""
    place = f"/proc/{pid}/fd"
    try:
        for each in os.listdir(place):
            try:
                status = os.stat(place + "/" + each)
            except OSError:
                continue
            if status.st_ino == wanted.st_ino and status.st_dev == wanted.st_dev:
                info = os.open(place + "info/" + each, os.O_RDONLY)
                try:
                    words = os.read(info, 200).split()
                finally:
                    os.close(info)
                if int(words[words.index(b"flags:") + 1], 8) & WRITES:
                    return True
    except (OSError, ValueError):
        pass
    return False


def keep(name: str, sample: str) -> None:
    """Copy the beginning of a file."""
    with open(name, "rb") as source, open(sample, "xb") as target:
        target.write(source.read(SAMPLE))


def high(low: int) -> int:
    """Move a descriptor out of the way: programs close 0, 1 and 2 and expect the next file to get that number."""
    for number in range(LOWEST_DESCRIPTOR, LOWEST_DESCRIPTOR + 50):
        try:
            os.fstat(number)
        except OSError:
            try:
                os.dup2(low, number, inheritable=False)
            except OSError:
                return low
            os.close(low)
            return number
    return low


def install() -> None:
    """Add the hook, once, when the environment asks for it and this interpreter can."""
    directory = os.environ.get("TELEMETRY_TRACE", "")
    if not os.path.isdir(directory) or hasattr(sys, "_telemetry_trace"):
        return
    sys._telemetry_trace = True  # type: ignore[attr-defined] # noqa: SLF001 - it must outlast this module
    roots = [root.rstrip(os.sep) + os.sep for root in os.environ.get("TELEMETRY_TRACE_ROOTS", "").split("\n")]
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(Recorder(directory, roots).hook)
    else:
        with open(f"{directory}/{os.getpid()}.old", "w") as file:
            file.write(f"H\t{os.getpid()}\t0\t{sys.version_info[0]}.{sys.version_info[1]}\n")


def give_way() -> None:
    """Leave the path as it was, and run the ``sitecustomize`` that would have been found without this one."""
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != own]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault("sitecustomize", ours)


if __name__ == "sitecustomize":
    try:
        install()
    except Exception as error:  # noqa: BLE001 - the program comes first; it runs untraced
        sys.stderr.write(f"telemetry: this process is not traced: {error!r}\n")
    give_way()
