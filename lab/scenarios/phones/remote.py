"""A telephone on another host, driven through its server there."""

import socket
from typing import Any

from lab.scenarios.phones import wire
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.handset import Ending, NotRegistered

_WITHIN_S = 60.0
"""A phone that starts and registers on a busy host takes its time."""


class RemotePhone:
    """See `Handset`; `hertz` is the tone it speaks."""

    def __init__(self, address: tuple[str, int], hertz: int) -> None:
        self._address, self._hertz = address, hertz
        self._known = b""
        self._socket: socket.socket | None = None

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        host, port = self._address
        try:
            self._socket = socket.create_connection(self._address, _WITHIN_S)
        except OSError as error:
            raise PhoneError(f"no phone is served at {host}:{port}: {error}") from None
        self._stream = self._socket.makefile("rwb")
        try:
            self._ask(
                "register", user=user, password=password,
                server=f"{server[0]}:{server[1]}", hertz=self._hertz,
            )  # fmt: skip
        except PhoneError as error:
            raise NotRegistered(str(error)) from None

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""
        self._known = b""
        self._ask("dial", number=number)

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        caller = self._ask("ringing")
        return None if caller is None else str(caller)

    def answer(self) -> None:
        """See `Handset.answer`."""
        self._known = b""
        self._ask("answer")

    def answered(self) -> bool:
        """See `Handset.answered`."""
        return bool(self._ask("answered"))

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        return wire.ending_in(self._ask("ended"))

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        self._ask("press", keys=keys)

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        self._ask("hang_up")

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        try:
            self._known = wire.joined(self._known, self._ask("heard", begin=len(self._known)))
        except (KeyError, TypeError, ValueError):
            raise PhoneError(f"{self._name} answers what is no recording") from None
        return self._known

    def close(self) -> None:
        """See `Handset.close`."""
        if self._socket is not None:
            self._stream.close()
            self._socket.close()
            self._socket = None

    @property
    def _name(self) -> str:
        return f"the phone at {self._address[0]}:{self._address[1]}"

    def _ask(self, verb: str, **values: object) -> Any:
        if self._socket is None:
            raise PhoneError(f"{self._name} has not begun: register it first")
        try:
            wire.write(self._stream, {"do": verb, **values})
            answer = wire.read(self._stream)
        except (OSError, wire.Garbled) as error:
            raise PhoneError(f"{self._name} does not answer to {verb}: {error}") from None
        if answer is None:
            raise PhoneError(f"{self._name} went away at {verb}")
        if "error" in answer:
            raise PhoneError(str(answer["error"]))
        return answer.get("is")
