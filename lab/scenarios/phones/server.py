"""A softphone for other hosts: `python3 -m lab.scenarios.phones.server --kind baresip`.

Whoever connects and says `register` gets a phone of their own until they go. With `--user` one
phone stands registered from the start, and does what those say who never registered.
"""

import argparse
import logging
import os
import signal
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from lab.scenarios.phones import wire
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.handset import Handset
from lab.scenarios.phones.handsets import HANDSETS
from lab.scenarios.phones.wire import Json

PASSWORD_VARIABLE = "TOKUBAN_PASSWORD"
_RETRY_S = 2.0
_HERTZ = 900
_log = logging.getLogger("phone")

Make = Callable[[Path, int], Handset]


class Session:
    """One connection: the phone it made, or else the standing one."""

    def __init__(self, make: Make, standing: "Standing | None") -> None:
        self._make, self._standing = make, standing
        self._own: Handset | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._verbs: Mapping[str, Callable[[Json], object]] = {
            "register": self._register,
            "dial": lambda asked: self._phone.dial(_text(asked, "number")),
            "ringing": lambda asked: self._phone.ringing(),
            "answer": lambda asked: self._phone.answer(),
            "answered": lambda asked: self._phone.answered(),
            "ended": lambda asked: wire.ending_out(self._phone.ended()),
            "press": lambda asked: self._phone.press(_text(asked, "keys")),
            "hang_up": lambda asked: self._phone.hang_up(),
            "heard": lambda asked: wire.piece(self._phone.heard(), int(asked.get("begin", 0))),
        }

    def obey(self, asked: Json) -> Json:
        """Do what is asked, and say what came of it."""
        verb = self._verbs.get(str(asked.get("do")))
        if verb is None:
            return {"error": f"no such verb: {asked.get('do')!r}; known: {', '.join(self._verbs)}"}
        try:
            return {"is": verb(asked)}
        except (PhoneError, OSError, ValueError, TypeError) as error:
            return {"error": str(error)}

    @property
    def _phone(self) -> Handset:
        if self._own is not None:
            return self._own
        if self._standing is None:
            raise PhoneError("register first: no phone stands ready here")
        return self._standing.phone

    def _register(self, asked: Json) -> None:
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="phone-", ignore_cleanup_errors=True)
        self._own = self._make(Path(self._folder.name), int(asked.get("hertz", _HERTZ)))
        server = address(_text(asked, "server"))
        self._own.register(_text(asked, "user"), _text(asked, "password"), server)

    def close(self) -> None:
        """End the phone that this connection made."""
        if self._own is not None:
            self._own.close()
            self._own = None
        if self._folder is not None:
            self._folder.cleanup()


def _text(asked: Json, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or any(ord(each) < ord(" ") for each in value):
        raise PhoneError(f"{asked.get('do')} wants {name}, a text of one line")
    return value


class Standing:
    """The phone that is registered from the start; it tries until the carrier is there."""

    def __init__(self, make: Make, user: str, password: str, server: str) -> None:
        self._login = (user, password, server)
        self._folder = tempfile.TemporaryDirectory(prefix="phone-", ignore_cleanup_errors=True)
        self._phone = make(Path(self._folder.name), _HERTZ)
        self._ready = threading.Event()
        self._leaving = threading.Event()
        threading.Thread(target=self._enrol, daemon=True).start()

    @property
    def phone(self) -> Handset:
        """The phone.

        Raises:
            PhoneError: it is not registered yet.
        """
        if not self._ready.is_set():
            raise PhoneError("the phone is not registered yet")
        return self._phone

    def _enrol(self) -> None:
        user, password, server = self._login
        while not self._leaving.is_set():
            try:
                self._phone.register(user, password, address(server))
            except (PhoneError, OSError) as error:
                _log.warning("%s is not registered: %s", user, error)
                self._leaving.wait(_RETRY_S)
            else:
                _log.info("%s is registered at %s", user, server)
                self._ready.set()
                return

    def close(self) -> None:
        """End it."""
        self._leaving.set()
        self._phone.close()
        self._folder.cleanup()


class Server(socketserver.ThreadingTCPServer):
    """Serves phones of one kind."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, listen: tuple[str, int], make: Make, standing: Standing | None) -> None:
        self.make, self.standing = make, standing
        super().__init__(listen, _Connection)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Connection(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        session = Session(self.server.make, self.server.standing)
        try:
            while (asked := wire.read(self.rfile)) is not None:
                wire.write(self.wfile, session.obey(asked))
        except wire.Garbled as error:
            wire.write(self.wfile, {"error": str(error)})
        except OSError as error:
            _log.info("%s left: %s", self.client_address[0], error)
        finally:
            session.close()


def address(text: str) -> tuple[str, int]:
    """`carrier:5060`, by its address.

    Raises:
        PhoneError: it is none, or the name is not known.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise PhoneError(f"{text!r} is no host and port; write it as carrier:5060")
    try:
        return socket.gethostbyname(host), int(port)
    except OSError as error:
        raise PhoneError(f"{host} is not known here: {error.strerror}") from None


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", required=True, choices=sorted(HANDSETS))
    parser.add_argument("--listen", default=f"0.0.0.0:{wire.PORT}", metavar="HOST:PORT")
    parser.add_argument("--user", help=f"stands registered; its password: {PASSWORD_VARIABLE}")
    parser.add_argument("--server", default="carrier:5060", metavar="HOST:PORT")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make, standing = HANDSETS[given.kind], None
    if given.user:
        password = os.environ.get(PASSWORD_VARIABLE, "")
        standing = Standing(make, given.user, password, given.server)
    host, _, port = given.listen.rpartition(":")
    with Server((host, int(port)), make, standing) as server:
        # `shutdown` waits for `serve_forever`, which the handler interrupts.
        stop = threading.Thread(target=server.shutdown, daemon=True)
        signal.signal(signal.SIGTERM, lambda *_: stop.start())
        _log.info("%s phones at %s", given.kind, given.listen)
        server.serve_forever()
    if standing is not None:
        standing.close()


if __name__ == "__main__":
    main()
