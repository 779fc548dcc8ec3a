"""A log for tests."""


class Notes:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        self.lines.append((event, facts))

    debug = warning = error = info

    def events(self) -> list[str]:
        return [event for event, _ in self.lines]
