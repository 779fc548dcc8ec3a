"""Switch the number display: one unit of work each, with its audit row."""

from provisioning.audit.model import Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, Directory, NumberDisplay, UnknownLine
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.presentation import model, store


class StoredPresentation:
    """Which number a line shows when it calls (SHOW-01); `origin` is who changes it here."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        audit: Audit,
        origin: Origin = Origin(),  # noqa: B008 - a frozen value
    ) -> None:
        self._database, self._directory = database, directory
        self._audit, self._origin = audit, origin

    def by(self, origin: Origin) -> "StoredPresentation":
        """The same displays, changed by somebody else."""
        return StoredPresentation(self._database, self._directory, self._audit, origin)

    async def of(self, line: E164) -> NumberDisplay:
        """The display of `line`; its number is None when it is not contracted."""
        self._known(line)
        return await self._database.read(lambda connection: store.read(connection, line))

    async def start(self, line: E164) -> NumberDisplay:
        """Show the freephone number from now on; `NotContracted` without a contract."""
        return await self._switch(line, active=True)

    async def stop(self, line: E164) -> NumberDisplay:
        """Show the line's own number again; `NotContracted` without a contract."""
        return await self._switch(line, active=False)

    async def _switch(self, line: E164, *, active: bool) -> NumberDisplay:
        self._known(line)

        async def work(connection: Connection) -> NumberDisplay:
            old = await store.read(connection, line, to_change=True)
            new = model.switched(old, active=active)
            await store.write(connection, line, active=active)
            await self._audit.note(
                connection,
                line,
                "number display started" if active else "number display stopped",
                before=model.words(old),
                after=model.words(new),
                origin=self._origin,
            )
            return new

        return await self._database.write(work)

    def _known(self, line: E164) -> None:
        if self._directory.line(line) is None:
            raise UnknownLine(f"no line {line}")
