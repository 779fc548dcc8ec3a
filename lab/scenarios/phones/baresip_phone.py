"""A baresip softphone, driven through its `ctrl_tcp` module (netstrings of JSON)."""

import json
import re
import socket
from pathlib import Path
from typing import Any

from lab.scenarios.phones import sounds
from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.ports import LOOPBACK, free_port
from lab.scenarios.phones.program import Program, find
from lab.scenarios.phones.waiting import until

Json = dict[str, Any]

_MODULE_FOLDER = "/usr/lib/baresip/modules"
_PATIENCE_S = 30.0

_CONFIG = """\
module_path {modules}
{encryption}module account.so
module menu.so
module ctrl_tcp.so
module g711.so
module aufile.so
module sndfile.so
{further}ctrl_tcp_listen 127.0.0.1:{control}
sip_listen {address}:{sip}
net_interface {address}
audio_source aufile,{voice}
audio_player aufile,{player}
audio_alert aufile,{player}
snd_path {recordings}
rtp_ports {rtp_low}-{rtp_high}
call_max_calls 4
"""


class BaresipPhone(Closing):
    """One account; records every call into `dump-*-dec.wav` files of its folder."""

    def __init__(
        self,
        folder: Path,
        user: str,
        password: str,
        server: tuple[str, int],
        *,
        rtp_ports: tuple[int, int],
        register: bool = True,
        transport: str = "udp",
        voice: Path | None = None,
        authority: Path | None = None,
        srtp: bool = False,
        mwi: bool = False,
        host: str = LOOPBACK,
        answers: bool = True,
    ) -> None:
        """Start it; with `register` it registers at once. `voice`: 8 kHz mono 16-bit WAV.

        `authority` (PEM) signs the certificate of a server it speaks TLS with; with `srtp` it
        offers SRTP by SDES and insists on it. With `mwi` it subscribes to its messages. It
        listens on `host`; unless it `answers` by itself a call rings until it is taken.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.host, self._server = folder, host, server
        self.port, self._control_port = free_port(host), free_port()
        self._mode = "auto" if answers else "manual"
        self._transport = "tls" if authority else transport
        self._pending, self._last_token = b"", 0
        self._answers: dict[str, Json] = {}
        self.events: list[Json] = []
        self._further = f"sip_cafile {authority}\n" if authority else ""
        # Accounts are read as their module is loaded, and know what was loaded before.
        self._encryption_module = "module srtp.so\n" if srtp else ""
        self._mwi = "module_app mwi.so\n" if mwi else ""
        self._encryption = ";mediaenc=srtp-mand" if srtp else ""
        self._configure(user, password, rtp_ports, voice, register)
        command = ["stdbuf", "-oL", find("baresip"), "-f", str(folder)]
        self.program = Program(command, folder / "baresip.log")
        self._control = until(self._connect, "baresip's control port")

    def _configure(
        self,
        user: str,
        password: str,
        rtp_ports: tuple[int, int],
        voice: Path | None,
        register: bool,
    ) -> None:
        quiet = voice or sounds.silence(self.folder / "silence.wav")
        config = _CONFIG.format(
            modules=_MODULE_FOLDER,
            further=self._further + self._mwi,
            encryption=self._encryption_module,
            address=self.host,
            control=self._control_port,
            sip=f"{self.port}",
            voice=quiet,
            player=self.folder / "speaker.wav",
            recordings=self.folder,
            rtp_low=rtp_ports[0],
            rtp_high=rtp_ports[1],
        )
        (self.folder / "config").write_text(config)
        host, port = self._server
        account = (
            f"<sip:{user}@{host}:{port};transport={self._transport}>;auth_user={user};"
            f"auth_pass={password};regint={60 if register else 0};answermode={self._mode};"
            f"audio_codecs=pcmu,pcma;ptime=20{self._encryption}\n"
        )
        (self.folder / "accounts").write_text(account)
        (self.folder / "contacts").write_text("")

    def _connect(self) -> socket.socket | None:
        if self.program.process.poll() is not None:
            raise PhoneError(f"baresip died: {self.program.output()[-1500:]}")
        try:
            return socket.create_connection((LOOPBACK, self._control_port), timeout=1)
        except OSError:
            return None

    def command(self, command: str, params: str = "") -> str:
        """Send a command and return the text of its answer."""
        self._last_token += 1
        token = f"t{self._last_token}"
        body = json.dumps({"command": command, "params": params, "token": token}).encode()
        self._control.sendall(b"%d:%s," % (len(body), body))
        answer = until(lambda: self._take(token), f"baresip's answer to {command}")
        if not answer.get("ok"):
            raise PhoneError(f"baresip refused {command} {params}: {answer}")
        text: str = answer.get("data", "")
        return text

    def _take(self, token: str) -> Json | None:
        self.pump()
        return self._answers.pop(token, None)

    def pump(self) -> None:
        """Read what it has said by now."""
        self._control.settimeout(0.01)
        try:
            data = self._control.recv(65536)
        except TimeoutError:
            return
        if not data:
            raise PhoneError(f"baresip closed its control port: {self.program.output()[-1000:]}")
        self._pending += data
        while found := re.match(rb"(\d+):", self._pending):
            end = found.end() + int(found[1])
            if len(self._pending) <= end:
                return
            self._note(json.loads(self._pending[found.end() : end]))
            self._pending = self._pending[end + 1 :]

    def _note(self, message: Json) -> None:
        if message.get("event"):
            self.events.append(message)
        elif message.get("token"):
            self._answers[message["token"]] = message

    def wait_lamp(self, counts: str, timeout_s: float = _PATIENCE_S) -> None:
        """Until it prints that its messages count so, as 1/0."""
        said = f"Voice-Message: {counts} "
        until(lambda: said in self.program.output(), f"baresip's lamp {counts}", timeout_s)

    def wait_event(self, *types: str, timeout_s: float = _PATIENCE_S) -> Json:
        """The first event so far, or to come, of one of these types (CALL_ESTABLISHED ...)."""

        def arrived() -> Json | None:
            self.pump()
            return next((event for event in self.events if event["type"] in types), None)

        return until(arrived, f"baresip event {' or '.join(types)}", timeout_s)

    def wait_registered(self, timeout_s: float = _PATIENCE_S) -> bool:
        """Whether its first registration went through; its log has the word of it."""

        def outcome() -> str:
            said = self.program.output()
            words = {"200 OK": "yes", "401 Unauthorized": "no", "403 Forbidden": "no"}
            return next((meaning for word, meaning in words.items() if word in said), "")

        return (
            until(outcome, f"baresip's registration; {self.program.output()}", timeout_s) == "yes"
        )

    def dial(self, number: str) -> None:
        """Call a number of its server."""
        user = number.replace("#", "%23")
        host, port = self._server
        self.command("dial", f"sip:{user}@{host}:{port}")

    def wait_answered(self, timeout_s: float = _PATIENCE_S) -> None:
        self.wait_event("CALL_ESTABLISHED", timeout_s=timeout_s)

    def wait_ended(self, timeout_s: float = _PATIENCE_S) -> str:
        """Why the last call ended, in baresip's words (`404 Not Found`, `Connection reset` ...)."""
        reason: str = self.wait_event("CALL_CLOSED", timeout_s=timeout_s).get("param", "")
        return reason

    def take(self) -> None:
        """Answer the call that rings here."""
        self.command("accept")

    def keys(self, keys: str) -> None:
        """Send keys as RFC 4733 events."""
        for key in keys:
            self.command("sndcode", key)

    def hold(self) -> None:
        self.command("hold")

    def resume(self) -> None:
        self.command("resume")

    def refer(self, uri: str) -> None:
        """Send the other party to `uri` (RFC 3515)."""
        self.command("transfer", uri)

    def hang_up(self) -> None:
        self.command("hangup")
        self.wait_ended()

    def recordings(self) -> list[Path]:
        """What was heard, a file a call, oldest first; whole once the call has ended."""
        return sorted(self.folder.glob("dump-*-dec.wav"))

    def close(self) -> None:
        self._control.close()
        self.program.stop()
