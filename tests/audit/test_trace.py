"""What a run of a program shows, by real processes."""

from __future__ import annotations

import ast
import gzip
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit import audit, trace
from audit.family import families
from audit.trace import Content, Frame, Open, Trace, merge
from audit.trace.content import judge
from audit.trace.program import HOOK, closed
from audit.trace.sources import Source
from audit.trace.watch import Watch
from telemetry_store.worker import start_program

PROGRAMS = Path(__file__).parent / "traced"
HERE = Path(__file__).parents[2]


def run(command: list[str], root: Path, timeout: float | None = None) -> Trace:
    """Trace a program that is started as the command starts it."""
    return trace.run(command, root, start_program, timeout=timeout)


def traced(
    root: Path, monkeypatch: pytest.MonkeyPatch, program: str, *args: str, python: str = sys.executable
) -> Trace:
    """Run one of the programs in a root of its own."""
    shutil.copy(PROGRAMS / program, root)
    monkeypatch.chdir(root)
    return run([python, program, *args], root)


def facts(found: Trace, function: str) -> list[tuple[str, str, int, str, int]]:
    """What one function of the program was seen to open: file, mode, times, kind and objects of the content."""
    return [
        (each.file, each.mode, each.count, each.content.kind, each.content.objects)
        for each in found.opens
        if each.place.function.rpartition(".")[2] == function
    ]


WAYS = {
    "by_open": ("open.jsonl", "append", 3, "json-lines", 3),
    "by_io": ("io.jsonl", "truncate", 1, "json-lines", 2),
    "by_path": ("path.jsonl", "append", 1, "json-lines", 1),
    "by_write_text": ("text.jsonl", "truncate", 1, "json-lines", 1),
    "by_bytes_name": ("bytes.jsonl", "append", 1, "json-lines", 1),
    "by_os_open": ("os.jsonl", "append", 1, "json-lines", 1),
    "by_fdopen": ("fdopen.jsonl", "append", 1, "json-lines", 1),
    "by_gzip": ("zip.jsonl.gz", "append", 1, "json-lines", 3),
    "by_codecs": ("codecs.jsonl", "append", 1, "json-lines", 1),
    "by_logging": ("logging.log", "append", 1, "json-lines", 1),
    "by_coroutine": ("coroutine.jsonl", "append", 1, "json-lines", 1),
    "document": ("document.json", "truncate", 1, "json", 0),
    "words": ("words.txt", "append", 1, "text", 0),
    "in_vain": ("no/such/directory.jsonl", "append", 1, "nothing", 0),
    "reads": ("open.jsonl", "read", 1, "json-lines", 3),
}


def working(version: str) -> str:
    """A Python of a version on this machine, or an empty string."""
    found = shutil.which(f"python{version}") or ""
    return found if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode else ""


@pytest.mark.parametrize("version", ["", "3.8", "3.9", "3.10", "3.12", "3.13", "3.14"])
def test_ways(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to open a file is seen with its mode, place, times and content, whatever Python the program has."""
    python = working(version) if version else sys.executable
    if not python:
        pytest.skip(f"no python{version} here")
    found = traced(tmp_path, monkeypatch, "ways.py", python=python)
    assert found.status == 0
    assert found.notes == ()
    for function, expected in WAYS.items():
        assert facts(found, function) == [expected], function
    (thread,) = [each for each in found.opens if each.file == "thread.jsonl"]
    assert (thread.count, thread.threads, len(thread.processes)) == (3, 3, 1)
    assert not facts(found, "not_of_interest"), "modules, databases and devices are left out"
    assert len(found.opens) == len(WAYS) + 1
    (logged,) = [each for each in found.opens if each.file == "logging.log"]
    lines = (PROGRAMS / "ways.py").read_text().splitlines()
    assert lines[logged.place.line - 1].strip() == 'handler = logging.FileHandler("logging.log")'
    assert [frame.function for frame in logged.stacks[0]] == ["by_logging", "<module>"]
    assert logged.content.keys == ("agent", "n")


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is shown under the name that it ends with, and judged although it was moved, rotated or removed."""
    found = traced(tmp_path, monkeypatch, "names.py")
    assert found.status == 0
    assert facts(found, "replaced") == [("final.jsonl", "truncate", 1, "json-lines", 2)]
    assert next(each.opened for each in found.opens if each.file == "final.jsonl").startswith("tmp")
    assert [each[0] for each in facts(found, "replaced_again")] == ["kept-0.jsonl", "kept-1.jsonl"]
    assert facts(found, "directory_renamed") == [("done/inside.jsonl", "truncate", 1, "json-lines", 1)]
    assert [each[1:] for each in facts(found, "removed")] == [
        ("truncate", 1, "json-lines", 1),
        ("append", 1, "json-lines", 2),
    ]
    assert {each[0] for each in facts(found, "rotated")} == {"rotated.jsonl"}
    assert {each[3] for each in facts(found, "rotated")} == {"json-lines"}
    assert facts(found, "backed_up") == [("state.jsonl", "truncate", 2, "json-lines", 1)]
    assert sorted(each[0] for each in facts(found, "elsewhere")) == ["sub/here.jsonl", "there.jsonl"]


def test_crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children are seen however they start; handles open at once, in turns and one after the other are told apart."""
    found = traced(tmp_path, monkeypatch, "crowd.py")
    assert found.status == 0
    seen = {each.file: (each.count, len(each.processes), each.overlap, each.content.objects) for each in found.opens}
    held = "same-time" if sys.platform == "linux" else ""
    assert seen == {
        "fork.jsonl": (2, 2, held, 2),
        "spawn.jsonl": (2, 2, held, 2),
        "bare.jsonl": (1, 1, "", 1),
        "shell.jsonl": (1, 1, "", 1),
        "turns.jsonl": (3, 2, "alternating", 3),
        "after.jsonl": (2, 2, "", 2),
        "inherited.jsonl": (1, 1, "", 1),
    } | {"inherited.jsonl": seen["inherited.jsonl"]}
    assert seen["inherited.jsonl"][1:3] == (1, ""), "a handle that a child inherited is not one that it opened"
    spawned = next(each for each in found.opens if each.file == "spawn.jsonl")
    assert spawned.place == Frame("crowd.py", 13, "write")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell who has a file open")
def test_watch(tmp_path: Path) -> None:
    """Processes that have a file open for writing at once are seen from outside; those that only read it are not."""
    code = "import sys; file = open(sys.argv[1], sys.argv[2]); print(flush=True); input()"
    (tmp_path / "read").touch()
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / name, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name, mode in [("both", "a"), ("both", "w"), ("both", "r"), ("read", "a"), ("read", "r")]
    ]
    (tmp_path / "records").mkdir()
    for each in holders:
        each.stdout.read(1)
        (tmp_path / "records" / f"{each.pid}.1").touch()
    (tmp_path / "records" / "999999999.1").touch()
    watch = Watch(tmp_path / "records")
    pause = watch.look()
    for each in holders:
        each.communicate(b"\n")
    found = {name: pids for name, pids in watch.together.items() if name.startswith(str(tmp_path))}
    assert found == {str(tmp_path / "both"): {holders[0].pid, holders[1].pid}}
    assert pause >= 0.05


@pytest.mark.parametrize(
    ("how", "status", "files"),
    [
        ("crash", 1, {"crash.jsonl": 1}),
        ("kill", -9, {"kill.jsonl": 50}),
        ("leave", 7, {"leave.jsonl": 1}),
        ("at_the_end", 0, {"late.jsonl": 1, "atexit.jsonl": 1}),
    ],
)
def test_ends(how: str, status: int, files: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the program's end, its status is kept, and every opening until then was recorded."""
    found = traced(tmp_path, monkeypatch, "ends.py", how)
    assert found.status == status
    assert {each.file: each.count for each in found.opens} == files


def test_descriptors_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that closes all descriptors and uses their numbers again finds nothing foreign in its files."""
    found = traced(tmp_path, monkeypatch, "ends.py", "close_all")
    assert found.status == 0
    assert {"before.jsonl", "held-0.txt", "held-299.txt", "after.jsonl"} <= {each.file for each in found.opens}
    assert not sum(path.stat().st_size for path in tmp_path.glob("held-*.txt"))


def test_signal_handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A handler that opens files amid the recording of others neither blocks nor loses an opening."""
    found = traced(tmp_path, monkeypatch, "ends.py", "signals")
    handled, looped = map(int, capfd.readouterr().out.split())
    counts = {each.file: each.count for each in found.opens}
    assert counts == {"handler.jsonl": handled, "loop.jsonl": looped}


def test_exceptions_of_handlers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception that a signal handler raises amid the recording reaches the program."""
    assert traced(tmp_path, monkeypatch, "ends.py", "interrupts").status == 0
    raised, caught = map(int, capfd.readouterr().out.split())
    assert (raised, caught) == (300, 300)


def test_streams(tmp_path: Path) -> None:
    """The program has the standard streams of its caller, and adds nothing to them."""
    code = (
        "import sys; from pathlib import Path; from audit.trace import run;"
        "from telemetry_store.worker import start_program;"
        "sys.exit(run([sys.executable, '-c', 'import sys; print(input()[::-1]); print(sys.path, file=sys.stderr);"
        "sys.exit(5)'], Path(), start_program).status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="abc\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    plain = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys.path, file=sys.stderr)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, "cba\n", plain.stderr)


@pytest.mark.parametrize(
    ("text", "said"), [("open('customized.jsonl', 'a').write('{}\\n')", ""), ("1 / 0", "ZeroDivisionError")]
)
def test_sitecustomize(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The user's own sitecustomize runs, and is traced; one that fails fails as it does alone."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-c", "import sys; print(sys.modules['sitecustomize'].__file__)"]
    found = run(command, tmp_path)
    out, err = capfd.readouterr()
    subprocess.run(["rm", "-f", "customized.jsonl"], check=True)
    subprocess.run(command)
    alone = capfd.readouterr()
    assert said in err
    assert err == alone.err
    if not said:
        assert out == alone.out == f"{tmp_path}/own/sitecustomize.py\n"
        assert [each.file for each in found.opens] == ["customized.jsonl"]


def test_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that a shell script starts is traced; a command without Python is said to be none."""
    (tmp_path / "go.sh").write_text(f"cd \"$1\"\n'{sys.executable}' -c \"open('a.jsonl', 'a').write('{{}}\\n')\"\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    found = run(["bash", "go.sh", "sub"], tmp_path)
    assert [(each.file, each.place.path) for each in found.opens] == [("sub/a.jsonl", "")]
    assert found.notes == ()
    assert "No Python process was traced" in run(["true"], tmp_path).notes[0]
    with pytest.raises(FileNotFoundError):
        run(["no-such-command"], tmp_path)


@pytest.mark.parametrize("flag", ["-I", "-S", "-E", "-BI"])
def test_closed_interpreters(flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is told to load nothing from outside is named in a note."""
    monkeypatch.chdir(tmp_path)
    found = run([sys.executable, flag, "-c", "open('a', 'a').close()"], tmp_path)
    assert found.opens == ()
    assert f"Python with -{flag[-1]} loads nothing from outside" in found.notes[0]


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["python", "-c", "x -I"], ""),
        (["python3.11", "-W", "error", "-X", "dev", "-I", "x.py"], "-I"),
        (["env", "A=1", "python", "-uS", "x.py"], "-S"),
        (["python", "x.py", "-I"], ""),
        (["python", "-m", "app", "-E"], ""),
        (["python", "-mS"], ""),
        (["bash", "-c", "true; python x.py; python -E y.py"], "-E"),
        (["python -I x.py"], "-I"),
        (["uv", "run", "python", "x.py"], ""),
    ],
)
def test_closed(words: list[str], option: str) -> None:
    """The options of the interpreter are told from those of the program."""
    assert closed(words) == option


def test_children_that_are_not_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children with an environment of their own, and closed ones, are named in notes."""
    monkeypatch.chdir(tmp_path)
    code = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'one'], env={}, stderr=-3)\n"
        "subprocess.run([sys.executable, '-I', '-c', '2'])\n"
        "subprocess.run([sys.executable, '-c', '3'])\n"
    )
    notes = run([sys.executable, "-c", code], tmp_path).notes
    assert [note.partition(": ")[2] for note in notes] == [
        "started with an environment of its own, so Python in it was not traced.",
        "Python with -I loads nothing from outside, so it was not traced.",
    ]


def test_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program is ended after the time that it was given, with what it recorded until then."""
    monkeypatch.chdir(tmp_path)
    code = "import time; open('a.jsonl', 'a').write('{}\\n'); time.sleep(60)"
    found = run([sys.executable, "-c", code], tmp_path, timeout=0.5)
    assert found.status == -15
    assert [each.file for each in found.opens] == ["a.jsonl"]
    assert "ended after 0.5 s" in found.notes[0]


def test_processes_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that outlives the command is named: what it opens later is not seen."""
    monkeypatch.chdir(tmp_path)
    code = "import os, time; open('a.jsonl', 'a').close(); os.fork() or (open('b.jsonl', 'a').close(), time.sleep(1))"
    found = run([sys.executable, "-c", code + "; open('c.jsonl', 'a').close()"], tmp_path)
    assert {"a.jsonl", "c.jsonl"} <= {each.file for each in found.opens}
    assert not found.notes or found.notes[0].startswith("Processes that still run")


def test_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unknown or a parameter gets the files that were seen; places that nobody found become findings."""
    shutil.copy(PROGRAMS / "shop.py", tmp_path)
    before = audit(tmp_path)
    unknown = {each.function: each.target_kind for each in before.writers}
    assert unknown["parts"] in ("unknown", "parameter")
    assert "raw" not in unknown
    found = traced(tmp_path, monkeypatch, "shop.py", "orders.jsonl")
    assert found.status == 0
    after = merge(before, found)
    by_function = {(each.function, each.kind): each for each in after.findings}
    parts = by_function["parts", "writer"]
    assert (parts.target, parts.target_kind) == ("logs/{name}/crumbs.jsonl", "pattern")
    assert {"logs/ann/crumbs.jsonl", "logs/bob/crumbs.jsonl"} <= set(parts.alternatives)
    seen, *_ = [each for each in parts.evidence if each.code == "A501"]
    assert seen.message == "seen at run time: 2 opens by 1 process; 2 JSON lines with keys agent"
    journal = by_function["Journal.add", "writer"]
    assert (journal.target, journal.target_kind) == ("orders.jsonl", "literal")
    raw = by_function["raw", "writer"]
    assert (raw.mechanism, raw.target, raw.mode, raw.confidence) == ("traced", "logs/ann/raw.log", "append", "high")
    shared = by_function["shared", "writer"]
    assert "multiprocess" in shared.context
    if sys.platform == "linux":
        assert "A502" in {each.code for each in shared.evidence}
    assert by_function["never", "writer"] == replace(
        next(each for each in before.findings if each.function == "never"),
        risk=by_function["never", "writer"].risk,
    )
    assert not [each for each in after.findings if each.function == "plain"]
    targets = {each.target: each for each in after.targets}
    assert targets["logs/{name}/crumbs.jsonl"].files == ("logs/ann/crumbs.jsonl", "logs/bob/crumbs.jsonl")
    assert targets["orders.jsonl"].writers == (journal.id,)
    assert targets["orders.jsonl"].readers == (by_function["read", "reader"].id,)
    files = {each.path: each for each in after.files}
    assert files["logs/ann/raw.log"].events == 1
    assert len({each.id for each in after.findings}) == len(after.findings)
    assert after.as_text()


def opened(file: str, line: int, *outer: int, mode: str = "append", kind: str = "json-lines") -> Open:
    """An opening as a trace may have it."""
    stack = tuple(Frame("app.py", each, "f") for each in (line, *outer))
    return Open(file, "", mode, stack[0], (stack,), (1,), 1, 1, Content(kind, 9, 1, 1, ("a",)))


def report_and(root: Path, source: str, *opens: Open) -> list[tuple[int, str, str, str, str]]:
    """Findings of a source merged with openings: line, kind, mechanism, target, how it is known."""
    (root / "app.py").write_text(source)
    found = Trace((), str(root), 0, 0.0, 1, opens)
    merged = merge(audit(root), found).findings
    return [(each.line, each.kind, each.mechanism, each.target, each.target_kind) for each in merged]


HELPER = (
    "import json\n"
    "def put(path, event):\n"
    "    with open(path, 'a') as file:\n"
    "        file.write(json.dumps(event) + '\\n')\n"
)


def test_merge_call_sites(tmp_path: Path) -> None:
    """A call-site gets the files of the openings that it led to, and its helper no finding more for them."""
    source = HELPER + "def f():\n    put(name(), {})\ndef g():\n    put('b.jsonl', {})\n"
    found = report_and(tmp_path, source, opened("x/one.jsonl", 3, 6), opened("b.jsonl", 3, 8))
    assert found == [
        (3, "writer", "open-append", "b.jsonl", "literal"),
        (6, "call-site", "helper-call", "x/one.jsonl", "literal"),
        (8, "call-site", "helper-call", "b.jsonl", "literal"),
    ]


def test_merge_several_targets(tmp_path: Path) -> None:
    """A place that opens files without a common pattern has a finding for each of them."""
    source = "import json\ndef f():\n    with open(name(), 'a') as h:\n        h.write(json.dumps({}) + '\\n')\n"
    found = report_and(tmp_path, source, opened("a.jsonl", 3), opened("b.jsonl", 3))
    assert [each[3] for each in found] == ["a.jsonl", "b.jsonl"]


def test_merge_one_line(tmp_path: Path) -> None:
    """Of several openings on one line each gets its own file."""
    source = (
        "import json\nwith open('a.jsonl', 'a') as a, open(name(), 'a') as b:\n"
        "    a.write(json.dumps(1) + '\\n')\n    b.write(json.dumps(1) + '\\n')\n"
    )
    found = report_and(tmp_path, source, opened("a.jsonl", 2), opened("b.jsonl", 2))
    assert sorted(each[3] for each in found) == ["a.jsonl", "b.jsonl"]


def test_merge_long_call(tmp_path: Path) -> None:
    """A call over several lines is one place, whichever of its lines the interpreter reports."""
    source = "import json\nwith (name()\n      .open(\n      'a')) as a:\n    a.write(json.dumps(1) + '\\n')\n"
    found = report_and(tmp_path, source, opened("a.jsonl", 3))
    assert [each[3] for each in found] == ["a.jsonl"]


def test_merge_other_content(tmp_path: Path) -> None:
    """An opening of no JSON lines, or outside the code, makes no finding."""
    strange = replace(opened("c.jsonl", 1), place=Frame("", 0, ""), stacks=((),))
    assert report_and(tmp_path, "x = 1\n", opened("a.txt", 1, kind="text"), strange) == []


@pytest.mark.parametrize(
    ("raw", "lines", "kind", "objects"),
    [
        (b"", True, "nothing", 0),
        (b"\n \n", True, "nothing", 0),
        (b'{"a": 1}\n', True, "json-lines", 1),
        (b'{"a": 1}\n', False, "json", 1),
        (b'{"a": 1}', True, "json", 1),
        (b'{"a": 1}\n{"a": 2}\n', False, "json-lines", 2),
        (b'{"a": 1}\n{"a"\n{"a": 2}\n', False, "json-lines", 2),
        (b'{\n "a": 1\n}\n', True, "json", 0),
        (b"[1, 2]\n", False, "json", 0),
        (b"1\n2\n", True, "text", 0),
        (b"plain\n{}\nwords\n", True, "text", 1),
        (b"\x89PNG\0\0", False, "binary", 0),
        (b"\xff\xfe", False, "binary", 0),
        ("ä".encode() * 9, False, "text", 0),
        (gzip.compress(b'{"a": 1}\n{"a": 2}\n', mtime=0), False, "json-lines", 2),
        (gzip.compress(b'{"a": 1}\n', mtime=0)[:-9], False, "nothing", 0),
    ],
)
def test_content(raw: bytes, lines: bool, kind: str, objects: int, tmp_path: Path) -> None:
    """Content is judged from the bytes after the offset."""
    (tmp_path / "f").write_bytes(b"before" + raw)
    found = judge(tmp_path / "f", 6, lines=lines)
    assert (found.kind, found.objects) == (kind, objects)


@pytest.mark.parametrize(
    ("files", "targets"),
    [
        (["a.jsonl"], ["a.jsonl"]),
        (["x/ann/c.jsonl", "x/bob/c.jsonl"], ["x/{name}/c.jsonl"]),
        (["x/run_1/a/c.jsonl", "x/run_2/b/c.jsonl"], ["x/run_{name}/{name}/c.jsonl"]),
        (["l/events-2025-01-01.jsonl", "l/events-2025-01-12.jsonl"], ["l/events-2025-01-{name}.jsonl"]),
        (["l/2025-01-01.jsonl", "l/2025-01-02.jsonl"], ["l/2025-01-{name}.jsonl"]),
        (["l/agent1.jsonl", "l/agent23.jsonl"], ["l/agent{name}.jsonl"]),
        (["l/a1f.jsonl", "l/09b.jsonl", "l/c7.jsonl"], ["l/{name}.jsonl"]),
        (["a.jsonl", "b.jsonl"], ["a.jsonl", "b.jsonl"]),
        (["l/errors.jsonl", "l/chats.jsonl", "l/usage.jsonl"], ["l/chats.jsonl", "l/errors.jsonl", "l/usage.jsonl"]),
    ],
)
def test_families(files: list[str], targets: list[str]) -> None:
    """Files become a pattern only where parts of a common name vary."""
    assert [each.target for each in families(files)] == targets


def test_source() -> None:
    """The function of a line is found by its qualified name, and nothing in a source that does not parse."""
    own = Source(str(PROGRAMS / "shop.py"))
    line = (PROGRAMS / "shop.py").read_text().splitlines().index("        self.path = path") + 1
    assert own.function(line) == "Journal.__init__"
    assert Source(str(PROGRAMS / "no.py")).function(3) == ""


def test_hook_is_alone_and_old() -> None:
    """What is injected lies alone in its directory and parses as Python 3.8."""
    assert [path.name for path in HOOK.iterdir() if path.name != "__pycache__"] == ["sitecustomize.py"]
    ast.parse((HOOK / "sitecustomize.py").read_text(), feature_version=(3, 8))


def test_exported_names() -> None:
    """The package exports these names."""
    assert sorted(trace.__all__) == ["Content", "Frame", "Open", "Trace", "merge", "run"]
