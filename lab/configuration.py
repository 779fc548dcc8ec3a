"""Put the settings together: file < environment < command line.

A value that cannot be used is refused with the place it came from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from lab import toml_file
from lab.errors import Refused, suggestion
from lab.section import OUT_OF_ORDER
from lab.settings import ENVIRONMENT_PREFIX, Settings
from lab.toml_file import Place, TomlFile

DEFAULT_FILE = Path("tokuban.toml")

FLAGS: Mapping[tuple[str, str], str] = {
    ("sip", "host"): "--host",
    ("http", "host"): "--host",
    ("sip", "port"): "--sip-port",
    ("sip", "advertise"): "--advertise",
    ("http", "port"): "--http-port",
    ("media", "rtp_ports"): "--rtp-ports",
    ("storage", "folder"): "--data",
    ("seed", "file"): "--seed",
    ("seed", "demo"): "--demo",
    ("log", "format"): "--log-json",
    ("log", "level"): "--log-level",
}
"""The command line's name of a setting."""


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """The settings in force.

    Args:
        file: the TOML file; None takes `tokuban.toml` of the working folder when it is there.
        environment: names as `TOKUBAN__SIP__PORT`.
        flags: by section and key; a value of None counts as not given.

    Raises:
        Refused: with file and line (or variable, or flag), the setting, why and what to write.
    """
    written = _file(file)
    from_environment, problems = _environment(environment)
    from_flags = _given(flags or {})
    merged = _merged(_merged(written.values if written else {}, from_environment), from_flags)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        sources = _Sources(written, from_environment, from_flags)
        problems += [_said(detail, sources) for detail in error.errors()]
    above = _merged(from_environment, from_flags)
    if written:
        problems += _booleans(written)
        problems += _hidden(written.values, above, _Sources(written, {}, {}))
    problems += _hidden(from_environment, from_flags, _Sources(None, from_environment, {}))
    if problems:
        raise Refused("\n".join(problems))
    return settings


def _booleans(file: TomlFile) -> list[str]:
    """Where `true` or `false` stands for a number or text, which would be read as 1 or 0."""
    found = []
    for section, keys in file.values.items():
        known = _fields(section)
        for key, value in keys.items() if isinstance(keys, Mapping) else ():
            if isinstance(value, bool) and key in known and known[key].annotation is not bool:
                where, name = file.where((section, key)), f"{section}.{key}"
                found.append(f"{where}: {name}: is neither true nor false; write its value")
    return found


def _hidden(values: dict[str, Any], above: dict[str, Any], sources: "_Sources") -> list[str]:
    """What is wrong with values that a source above replaces: a later start may lack it."""
    try:
        Settings(**values)
    except ValidationError as error:
        return [
            _said(detail, sources)
            for detail in error.errors()
            # Whether values fit each other counts for those in force alone.
            if not isinstance(detail["input"], Mapping | BaseModel) and _has(above, _place(detail))
        ]
    return []


class _Sources:
    """Which source a setting came from."""

    def __init__(
        self, file: TomlFile | None, environment: dict[str, Any], flags: dict[str, Any]
    ) -> None:
        self._file, self._environment, self._flags = file, environment, flags

    def of(self, place: Place) -> str:
        """`--sip-port`, `TOKUBAN__SIP__PORT` or `tokuban.toml:12`."""
        if _has(self._flags, place):
            key = (str(place[0]), str(place[1])) if len(place) > 1 else (str(place[0]), "")
            return FLAGS.get(key, "command line")
        if _has(self._environment, place):
            return ENVIRONMENT_PREFIX + "__".join(str(part).upper() for part in place)
        return self._file.where(place) if self._file else "settings"

    def have(self, place: Place) -> bool:
        """Whether any source sets it."""
        written = self._file.values if self._file else {}
        return any(_has(each, place) for each in (self._flags, self._environment, written))


def _has(values: Any, place: Place) -> bool:
    for part in place:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _file(path: Path | None) -> TomlFile | None:
    if path is not None:
        return toml_file.read(path)
    return toml_file.read(DEFAULT_FILE) if DEFAULT_FILE.exists() else None


def _environment(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The settings that variables carry, and what is wrong with the names of others."""
    problems = []
    ours = {name: text for name, text in environment.items() if name.startswith(ENVIRONMENT_PREFIX)}
    for name in ours:
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if section not in Settings.model_fields:
            hint = suggestion(section, Settings.model_fields).upper()
            problems.append(f"{name}: no section {section!r}{_lowered(hint)}")
        elif not key:
            raise Refused(f"{name}: names a section, not a setting; write {name}__KEY")
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): text for name, text in ours.items()}
    try:
        return dict(source()), problems
    except Exception as error:  # the source wraps whatever JSON it could not read
        raise Refused(f"{ENVIRONMENT_PREFIX}…: {error}") from None


def _lowered(hint: str) -> str:
    return hint.replace("DID YOU MEAN", "did you mean").replace("KNOWN:", "known:")


def _given(flags: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kept = {
        section: {key: value for key, value in keys.items() if value is not None}
        for section, keys in flags.items()
    }
    return {section: keys for section, keys in kept.items() if keys}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(under, value) if both and isinstance(under, Mapping) else value
    return merged


def _place(detail: ErrorDetails) -> Place:
    return tuple(part for part in detail["loc"] if not isinstance(part, int))


def _said(detail: ErrorDetails, sources: _Sources) -> str:
    place = _place(detail)
    name = ".".join(str(part) for part in place) or "settings"
    if detail["type"] == OUT_OF_ORDER:
        return _out_of_order(detail, place, sources)
    if detail["type"] == "extra_forbidden":
        known = _keys_beside(place)
        what = "no such setting" if len(place) > 1 else "no such section"
        return f"{sources.of(place)}: {name}: {what}{suggestion(str(place[-1]), known)}"
    reason = detail["msg"].removeprefix("Value error, ")
    return f"{sources.of(place)}: {name}: {reason}{_was(detail)}"


def _out_of_order(detail: ErrorDetails, place: Place, sources: _Sources) -> str:
    """Blame the setting that was written; its default is innocent. Of two, the smaller."""
    pair: list[Place] = [(*place, detail["ctx"][name]) for name in ("smaller", "larger")]
    wrong = 0 if sources.have(pair[0]) else 1
    other = 1 - wrong
    values, bound = detail["ctx"]["values"], ("more", "less")[wrong]
    beside = "" if sources.have(pair[other]) else "the default "
    return (
        f"{sources.of(pair[wrong])}: {'.'.join(map(str, pair[wrong]))}: must not be {bound} than "
        f"{pair[other][-1]}, which is {beside}{values[other]} (it is {values[wrong]})"
    )


def _keys_beside(place: Place) -> list[str]:
    return list(_fields(str(place[0])) if len(place) > 1 else Settings.model_fields)


def _fields(section: str) -> dict[str, FieldInfo]:
    """The settings of a section; none where there is no such section."""
    known = Settings.model_fields.get(section)
    model = known.annotation if known else None
    return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}


SECRET_KEYS = frozenset({"key", "password", "server", "token", "url"})


def _was(detail: ErrorDetails) -> str:
    """What was written, unless it may be a secret or says nothing."""
    value = detail["input"]
    if isinstance(value, Mapping | BaseModel) or set(map(str, detail["loc"])) & SECRET_KEYS:
        return ""
    return f" (it is {value!r})"
