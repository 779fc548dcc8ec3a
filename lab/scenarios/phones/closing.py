"""What a `with` closes."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Leaving the `with` is `close`, whatever ended it."""

    @abstractmethod
    def close(self) -> None:
        """Give back all that is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
