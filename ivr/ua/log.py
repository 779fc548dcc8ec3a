"""Where user agents tell what happens; a bound structlog logger fits as it is."""

from typing import Protocol


class Log(Protocol):
    """Takes events with their facts."""

    def debug(self, event: str, **facts: object) -> object: ...
    def info(self, event: str, **facts: object) -> object: ...
    def warning(self, event: str, **facts: object) -> object: ...
    def error(self, event: str, **facts: object) -> object: ...


class Sparing:
    """Lets through so many events in a window and counts the rest, so that a flood of bad
    messages does not become a flood of log lines."""

    def __init__(self, most: int = 20, window_s: float = 1.0) -> None:
        self._most, self._window_s = most, window_s
        self._began = float("-inf")
        self._count = 0

    def admit(self, now: float) -> int | None:
        """None to keep silent; else how many were kept silent since the last one let through."""
        if now - self._began >= self._window_s:
            silent = max(0, self._count - self._most)
            self._began, self._count = now, 1
            return silent
        self._count += 1
        return 0 if self._count <= self._most else None

    def warning(self, log: Log, now: float, event: str, **facts: object) -> None:
        """Log a warning if it is let through, with how many were kept silent before it."""
        silent = self.admit(now)
        if silent is not None:
            log.warning(event, **facts, more_before=silent or None)
