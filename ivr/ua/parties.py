"""Who can be called, and who we are to them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ivr.sip.core import Header
from ivr.sip.message import Request, Response
from ivr.sip.session_proof import Prove
from ivr.ua.credentials import Unanswerable, credentials
from ivr.ua.log import Log
from provisioning.contract import Binding, Directory, Trunk, TrunkLogin, Trunks


@dataclass(frozen=True, slots=True)
class Parties:
    """The bindings of a user, whose line that is, and the trunks."""

    bindings: Callable[[str], Iterable[Binding]]
    directory: Directory
    trunks: Trunks | None = None

    def trunk(self, name: str | None) -> Trunk | None:
        """The trunk of a name, if there is one."""
        return self.trunks.of(name) if self.trunks is not None and name is not None else None

    def login(self, trunk: Trunk) -> TrunkLogin | None:
        """Who we are to a trunk's peers."""
        return self.trunks.login(trunk.name) if self.trunks is not None else None

    def proves(self, trunk: Trunk | None, log: Log) -> Prove | None:
        """What answers the challenges of a trunk where we have a login; None: nobody may ask."""
        login = self.login(trunk) if trunk is not None else None
        if login is None or trunk is None:
            return None
        name = trunk.name

        def prove(response: Response, request: Request) -> Header | None:
            try:
                return credentials(response, request, login.user, login.password)
            except Unanswerable as error:
                log.warning("trunk.login-refused", trunk=name, why=str(error))
                return None

        return prove
