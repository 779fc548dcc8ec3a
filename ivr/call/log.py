"""Where a call tells what happens in it."""

from typing import Protocol


class Log(Protocol):
    """Takes events with their facts; a bound structlog logger fits as it is."""

    def debug(self, event: str, **facts: object) -> object:
        """Note a detail that only someone searching wants to see."""
        ...

    def info(self, event: str, **facts: object) -> object:
        """Note what happened as it should."""
        ...

    def warning(self, event: str, **facts: object) -> object:
        """Note what an operator should know of."""
        ...

    def error(self, event: str, **facts: object) -> object:
        """Note a defect of ours."""
        ...
