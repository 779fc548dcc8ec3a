"""Log lines: key=value on a terminal, JSON on request; no secret, no forged line.

A value from the network may hold anything: control characters are escaped before a line
is written, and whatever stands under a secret's name is masked.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import structlog

from lab.settings import LogFormat, LogSettings

MASK = "***"

SECRET_NAMES = frozenset(
    {
        "authorization",
        "code",
        "cookie",
        "ha1",
        "key",
        "nonce_key",
        "otp",
        "password",
        "proxy_authorization",
        "response",
        "secret",
        "token",
    }
)
"""Names whose values are never written, whatever they hold."""

_SECRETS_IN_TEXT = (
    re.compile(r"""(?i)\b(response|password|passwd|token|ha1|cnonce)(\s*[=:]\s*)"([^"]*)\""""),
    re.compile(r"""(?i)\b(response|password|passwd|token|ha1|cnonce)(\s*[=:]\s*)([^\s",;&]+)"""),
    re.compile(r"(?i)(://[^\s:/@]+)(:)([^\s/@]+)(?=@)"),
    re.compile(r"(?i)\b(bearer)(\s+)(\S+)"),
    re.compile(r"(?i)\b(inline)(:)([A-Za-z0-9+/=]{20,})"),
)

_HINTS = ("response", "passw", "token", "ha1", "cnonce", "bearer", "://", "inline:")
"""One of these stands in every text that a pattern above fits: looking for them costs a tenth."""

NOISY = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "asyncio",
    "alembic",
    "websockets",
)
"""Libraries that say more than anybody asked, below a warning."""

TELLTALE = ("fontTools", "fpdf")
"""Libraries that tell what they set in type: the letters of a page of passwords."""

EventDict = MutableMapping[str, Any]


def masked(text: str) -> str:
    """The text with digest responses, passwords, tokens and passwords in URLs masked."""
    if not _hinted(text):
        return text
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(lambda found: f"{found[1]}{found[2]}{MASK}", text)
    return text


def _hinted(text: str) -> bool:
    folded = text.casefold()
    for hint in _HINTS:  # noqa: SIM110  # any() takes twice as long
        if hint in folded:
            return True
    return False


def mask_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    """Processor: mask values by their names, and secrets inside text."""
    for name, value in event.items():
        if _is_secret(name):
            event[name] = MASK
        elif type(value) is not int:
            event[name] = _clean(value)
    return event


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return name.lower() in SECRET_NAMES


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, bytes):
        return masked(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {
            name: MASK if str(name).lower() in SECRET_NAMES else _clean(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    return value


def escape_controls(_: Any, __: str, event: EventDict) -> EventDict:
    r"""Processor: a line end or an escape sequence in a value becomes `\x0a`, `\x1b`…"""
    return {_escaped(name): _escape(value) for name, value in event.items()}


def _escape(value: Any) -> Any:
    if type(value) is str:
        return value if value.isprintable() else _escaped(value)
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, Mapping):
        return {_escaped(str(name)): _escape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_escape(inner) for inner in value]
    return value if isinstance(value, int | float | bool | None) else _escaped(str(value))


def _escaped(text: str) -> str:
    """Only printable characters stay; U+2028 and bidirectional overrides go the same way."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _code(char) for char in text)


def _code(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


class _Lines:
    """Writes whole lines; a structlog logger of the name `named` and the end of a handler."""

    def __init__(self, stream: TextIO, lock: threading.Lock, name: str = "") -> None:
        self._stream, self._lock, self.name = stream, lock, name

    def named(self, name: str = "") -> "_Lines":
        return _Lines(self._stream, self._lock, name)

    def write(self, line: str) -> None:
        """Write one line at once. A reader that is gone must not end the call that is logged."""
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                pass

    debug = info = warning = error = critical = write


class _Handler(logging.Handler):
    """Lines of libraries, which log through the standard library."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.write(self.format(record))
        except Exception:
            self.handleError(record)


def configure(settings: LogSettings, out: TextIO | None = None) -> None:
    """Send every event, those of libraries too, to `out` (standard error) as settings say.

    Our own events do not pass through the standard library's records: a line costs a fifth so,
    and one below the level next to nothing.
    """
    stream = out or sys.stderr
    lines = _Lines(stream, threading.Lock())
    as_json, colours = settings.format is LogFormat.JSON, stream.isatty()
    writers = _writers(as_json, colours)
    level = logging.getLevelNamesMapping()[settings.level.value.upper()]
    quick = not (as_json or colours)
    structlog.configure(
        processors=[*_common(), *writers],
        logger_factory=lines.named,
        wrapper_class=_text_logger(level)
        if quick
        else structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_common(), structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *writers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in (*NOISY, *TELLTALE):
        logging.getLogger(library).setLevel(logging.WARNING)


def _common() -> list[structlog.typing.Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _writers(as_json: bool, colours: bool) -> list[structlog.typing.Processor]:
    """Exceptions become text before masking, so that a traceback hides secrets as well."""
    clean: list[structlog.typing.Processor] = [mask_secrets, escape_controls]
    last: list[structlog.typing.Processor]
    if as_json:
        last = [*clean, structlog.processors.JSONRenderer(ensure_ascii=False)]
    elif colours:
        last = [*clean, structlog.dev.ConsoleRenderer(colors=True, pad_event_to=28)]
    else:
        last = [text_line]
    return [structlog.processors.format_exc_info, *last]


def _text_logger(level: int) -> type[structlog.typing.FilteringBoundLogger]:
    """Writes a usual line in one go, any other by the processors: a line costs half so."""
    base = structlog.make_filtering_bound_logger(level)

    def method(name: str) -> Callable[..., None]:
        by_processors = getattr(base, name)

        def write(self: Any, event: Any, *args: Any, **facts: Any) -> None:
            facts_of_all = {**self._context, **facts}
            line = None if args else _usual_line(name, event, facts_of_all, self._logger.name)
            if line is None:
                by_processors(self, event, *args, **facts)
            else:
                self._logger.write(line)

        return write

    names = ("debug", "info", "warning", "error", "critical")
    numbers = logging.getLevelNamesMapping()
    methods = {name: method(name) for name in names if numbers[name.upper()] >= level}
    return type("TextLogger", (base,), methods)


def _usual_line(level: str, event: Any, facts: dict[str, Any], logger: str) -> str | None:
    """What `text_line` would write, or None where something is to be masked, escaped or told."""
    form, values = _form(tuple(facts)), facts.values()
    if form is None or type(event) is not str or not _PLAIN.issuperset(map(type, values)):
        return None
    told = f"{event}{''.join(map(str, values))}"
    if not told.isprintable() or _hinted(told):
        return None
    bare = " " not in told and "=" not in told and '"' not in told
    if not bare or not _BARE.issuperset(map(type, values)):
        event, *texts = map(_quoted, (event, *values))
        return form % (_now(), level, event, *texts, logger)
    return form % (_now(), level, event, *values, logger)


_BARE = frozenset((str, int, float))
"""Types that are written as `str` has them."""


@lru_cache(1024)
def _form(names: tuple[str, ...]) -> str | None:
    """The line with `%s` for what is no name; None where the processors know a name."""
    if not _names_are_plain(names) or not _TOLD_OTHERWISE.isdisjoint(names):
        return None
    fields = "".join(f" {name.replace('%', '%%')}=%s" for name in names)
    return f"at=%s level=%s event=%s{fields} logger=%s"


_TOLD_OTHERWISE = frozenset(("at", "event", "exc_info", "level", "logger", "stack_info"))
"""Names that the processors give a meaning."""


def _now() -> str:
    now = time.time()  # noqa: TID251  # a line is stamped with the host's time, not business time
    second = int(now)
    return f"{_second(second)}.{int((now - second) * 1e6):06}Z"


@lru_cache(4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def text_line(_: Any, __: str, event: EventDict) -> str:
    """Processor: `at=… level=… event=…` and the other facts as they came, quoted where needed.

    In most lines nothing is to be masked or escaped, which one look at the whole line shows:
    that takes a third of the time of looking at each value.
    """
    line = _logfmt(event)
    if (
        _names_are_plain(tuple(event))
        and _PLAIN.issuperset(map(type, event.values()))
        and line.isprintable()
        and not _hinted(line)
    ):
        return line
    return _logfmt(escape_controls(_, __, mask_secrets(_, __, event)))


_PLAIN = frozenset((str, int, float, bool, type(None)))
"""Types whose text hides nothing within."""


@lru_cache(1024)
def _names_are_plain(names: tuple[str, ...]) -> bool:
    return all(name.isprintable() and not _is_secret(name) for name in names)


def _logfmt(event: EventDict) -> str:
    fields = [f"at={event.get('at')} level={event.get('level')}"]
    fields.append(f"event={_quoted(event.get('event'))}")
    fields += [
        f"{name}={_quoted(value)}"
        for name, value in event.items()
        if name not in ("at", "level", "event")
    ]
    return " ".join(fields)


def _quoted(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if " " not in text and "=" not in text and '"' not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
