"""Which database, and how it is used: arguments, environment variables and `telemetry.toml`, in this order."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry_store.spool import Policy

#: Environment variables that name the database, the first that is set wins.
VARIABLES = ("TELEMETRY_DB", "FOUNDUPS_DB_PATH", "PIPELINE_DB_PATH")
#: The environment variable that picks a section of the file.
ENVIRONMENT = "TELEMETRY_ENV"
DEFAULT_DATABASE = os.path.join("data", "foundups.db")
#: The settings file, in the working directory.
FILE = "telemetry.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a store works.

    Args:
        database: path of the SQLite file, or ":memory:".
        backlog_limit: bytes that all segments of the spool may take up.
        backlog_policy: what record() does beyond that or on a full disk: "block" drains inline and waits, "drop"
            counts the event, "raise" raises SpoolFull.
        patience: how long "block" waits before it raises SpoolFull, in seconds.
        drain_interval: seconds between drains in the background; 0 switches them off.
        sync_interval: seconds between synchronisations to the disk in the background; 0 switches them off.
        questions: a folder with the user's own questions for `telemetry query --named`, or an empty string; in the
            file it is `folder` in the section [questions].

    Raises:
        SettingsError: a value makes no sense.
    """

    database: str = DEFAULT_DATABASE
    backlog_limit: int = 256 << 20
    backlog_policy: Policy = "block"
    patience: float = 30.0
    drain_interval: float = 0.25
    sync_interval: float = 0.5
    questions: str = ""

    def __post_init__(self) -> None:
        if self.backlog_policy not in ("block", "drop", "raise"):
            raise SettingsError(f"backlog_policy is block, drop or raise, not {self.backlog_policy!r}")
        for name in ("backlog_limit", "patience", "drain_interval", "sync_interval"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise SettingsError(f"{name} is a number of at least 0, not {value!r}")

    @property
    def spool(self) -> str:
        """The spool directory, beside the database."""
        return self.database + "-spool"


def load(
    database: str | os.PathLike[str] | None = None,
    *,
    env: str | None = None,
    environment: Mapping[str, str] | None = None,
    file: str = FILE,
) -> Settings:
    """The settings in force.

    Args:
        database: a path that overrides all others, or None.
        env: a section `[env.NAME]` of the file that overrides `[store]`, such as "dev"; a database that it names
            goes before the environment's. None takes the section that TELEMETRY_ENV names, if it is set.
        environment: instead of the process's environment variables.
        file: path of the settings file; it need not exist.

    Raises:
        SettingsError: the file is not TOML, has an unknown key or no such section.
    """
    environment = os.environ if environment is None else environment
    content = _read(file)
    settings = _settings(content, env or environment.get(ENVIRONMENT) or None, file)
    if database is not None:
        return replace(settings, database=os.fspath(database))
    if env is not None and "database" in content["env"][env]:
        return settings  # who says --env prod means that one, whatever variables are set
    named = next((environment[name] for name in VARIABLES if environment.get(name)), None)
    return replace(settings, database=named) if named else settings


def _read(file: str) -> dict[str, Any]:
    if not os.path.exists(file):
        return {}
    import tomllib

    try:
        with open(file, "rb") as handle:
            return tomllib.load(handle)
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsError(f"{file}: {error}") from error


def _settings(content: dict[str, Any], env: str | None, file: str) -> Settings:
    values = dict(content.get("store", {}))
    if env is not None:
        if not content:
            raise SettingsError(f"there is no {file} that could have a section [env.{env}]")
        sections = content.get("env", {})
        if env not in sections:
            raise SettingsError(f"{file} has no section [env.{env}]", f"there is: {', '.join(sections) or 'none'}")
        values.update(sections[env])
    if "folder" in content.get("questions", {}):
        values.setdefault("questions", content["questions"]["folder"])
    names = [setting.name for setting in fields(Settings)]
    unknown = values.keys() - set(names)
    if unknown:
        raise SettingsError(f"{file}: unknown setting {', '.join(sorted(unknown))}", f"known are {', '.join(names)}")
    for name in ("database", "questions"):  # a relative path is meant from where the file is
        if name in values:
            values[name] = os.path.join(os.path.dirname(file), str(values[name]))
    return Settings(**values)


def has_tables(file: str = FILE) -> bool:
    """Whether the settings file is there and holds a plan of tables too; one that is no TOML counts as if it did."""
    try:
        return bool(_read(file).get("tables"))
    except SettingsError:
        return True
