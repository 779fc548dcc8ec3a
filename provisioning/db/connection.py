"""The connection that a unit of work is given: awaited, and yet never waited for.

A unit of work is a coroutine that awaits nothing but its connection, and each call there is done
when it returns. So the whole of it runs in a thread of its own without ever going back to the
loop, which waits once for the whole (ADR 19).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection as Driver
from sqlalchemy import CursorResult, Dialect, Executable, ScalarResult
from sqlalchemy.sql.selectable import TypedReturnsRows

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
P = ParamSpec("P")

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Connection:
    """A connection within its transaction.

    `acts` are called once that is durable; `news`, topics with keys, goes to the other nodes then.
    """

    __slots__ = ("_driver", "acts", "news")

    def __init__(self, driver: Driver, acts: list[Callable[[], None]]) -> None:
        self._driver, self.acts = driver, acts
        self.news: list[tuple[str, frozenset[str]]] = []

    @property
    def dialect(self) -> Dialect:
        """Which database this is: `dialect.name` is `sqlite` or `postgresql`."""
        return self._driver.dialect

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*Ts], parameters: Parameters | None = None
    ) -> CursorResult[*Ts]: ...

    @overload
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """What the database answers to a statement; with a list of parameters, to all of them."""
        return self._driver.execute(statement, parameters)

    async def scalar(self, statement: Executable) -> Any:
        """The first value of the first row, or None."""
        return self._driver.scalar(statement)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first value of every row."""
        return self._driver.scalars(statement)

    async def run_sync(
        self, act: Callable[Concatenate[Driver, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `act` answers, given SQLAlchemy's own connection."""
        return act(self._driver, *args, **kwargs)


def run(work: Awaitable[T]) -> T:
    """What a unit of work answers.

    Raises:
        RuntimeError: it awaits something besides its connection, which holds a transaction open
            for as long as somebody else likes: do that before or after.
    """
    try:
        next(iter(work.__await__()))
    except StopIteration as end:
        answer: T = end.value
        return answer
    raise RuntimeError("a unit of work awaits something besides its connection")
