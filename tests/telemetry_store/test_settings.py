"""Which database is meant, and several of them side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telemetry_store import Settings, SettingsError, TelemetryStore
from telemetry_store.cli import app
from telemetry_store.settings import load

FILE = """
[store]
database = "data/foundups.db"
patience = 5
[env.dev]
database = "data/dev.db"
[env.prod]
database = "/prod/foundups.db"
backlog_policy = "drop"
[env.quick]
patience = 1
[questions]
folder = "questions"
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "telemetry.toml").write_text(FILE)
    return str(tmp_path / "telemetry.toml")


def test_the_order_of_what_names_the_database(file: str, tmp_path: Path) -> None:
    """An argument goes before --env, that before the environment, that before the file, that before the default."""
    variables = {"FOUNDUPS_DB_PATH": "f.db", "PIPELINE_DB_PATH": "p.db"}
    assert load("a.db", env="dev", environment=variables, file=file).database == "a.db"
    assert load(env="dev", environment=variables, file=file).database == str(tmp_path / "data" / "dev.db")
    assert load(env="quick", environment=variables, file=file).database == "f.db"
    assert load(environment=variables, file=file).database == "f.db"
    assert load(environment=variables | {"TELEMETRY_DB": "t.db"}, file=file).database == "t.db"
    assert load(environment={}, file=file).database == str(tmp_path / "data" / "foundups.db")
    assert load(environment={}, file=str(tmp_path / "none.toml")) == Settings()


def test_a_section_overrides_single_settings(file: str) -> None:
    """What a section does not name comes from [store]; TELEMETRY_ENV picks one too, but not over TELEMETRY_DB."""
    prod = load(env="prod", environment={}, file=file)
    assert (prod.database, prod.backlog_policy, prod.patience) == ("/prod/foundups.db", "drop", 5)
    assert load(environment={"TELEMETRY_ENV": "prod"}, file=file) == prod
    assert load(environment={"TELEMETRY_ENV": "prod", "TELEMETRY_DB": "x.db"}, file=file).database == "x.db"
    assert load(env="dev", environment={"TELEMETRY_ENV": "prod"}, file=file).database.endswith("dev.db")


def test_what_is_wrong_is_said(file: str, tmp_path: Path) -> None:
    """A section that is not there, a file that is not there or no TOML, a setting that does not exist."""
    for env, path in (("nowhere", file), ("dev", str(tmp_path / "none.toml"))):
        with pytest.raises(SettingsError, match=env):
            load(env=env, environment={}, file=path)
    for text in ("[store", "[store]\nnonsense = 1", "[store]\npatience = -1"):
        Path(file).write_text(text)
        with pytest.raises(SettingsError):
            load(environment={}, file=file)


def test_databases_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process records into several databases at once; each command asks the one that --env names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEMETRY_DB", "unused.db")
    names = ("dev", "staging", "prod")
    (tmp_path / "telemetry.toml").write_text("".join(f'[env.{name}]\ndatabase = "data/{name}.db"\n' for name in names))
    stores = {name: TelemetryStore(settings=load(env=name)) for name in names}
    for number in range(30):
        stores[names[number % 3]].record("t", number=number, env=names[number % 3])
    for store in stores.values():
        store.close()
    for place, name in enumerate(names):
        done = CliRunner().invoke(app, ["query", "SELECT env, number FROM t ORDER BY id", "--env", name, "--json"])
        assert [row["number"] for row in json.loads(done.stdout)] == list(range(place, 30, 3))
        assert {row["env"] for row in json.loads(done.stdout)} == {name}
    assert not (tmp_path / "unused.db").exists()
