"""Log lines: key=value on a terminal, JSON on request; no secret, no forged line.

A value from the network may hold anything: control characters are escaped before a line
is written, and whatever stands under a secret's name is masked.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
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
)

EventDict = MutableMapping[str, Any]


def masked(text: str) -> str:
    """The text with digest responses, passwords, tokens and passwords in URLs masked."""
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(lambda found: f"{found[1]}{found[2]}{MASK}", text)
    return text


def mask_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    """Processor: mask values by their names, and secrets inside text."""
    for name, value in event.items():
        event[name] = MASK if name.lower() in SECRET_NAMES else _clean(value)
    return event


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


def configure(settings: LogSettings, out: TextIO | None = None) -> None:
    """Send every event, those of libraries too, to `out` (standard error) as settings say."""
    stream = out or sys.stderr
    as_json = settings.format is LogFormat.JSON
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_common(), processors=_writers(as_json, stream.isatty())
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.value.upper())
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "aiosqlite", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _common() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]


def _writers(as_json: bool, colours: bool) -> list[structlog.typing.Processor]:
    """Exceptions become text before masking, so that a traceback hides secrets as well."""
    last: structlog.typing.Processor
    if as_json:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    elif colours:
        last = structlog.dev.ConsoleRenderer(colors=True, pad_event_to=28)
    else:
        last = structlog.processors.LogfmtRenderer(key_order=["at", "level", "event"])
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_secrets,
        escape_controls,
        last,
    ]
