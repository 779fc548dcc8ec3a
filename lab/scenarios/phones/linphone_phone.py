"""A linphone console softphone, driven through its standard input; it plays and records files."""

import re
from pathlib import Path

from lab.scenarios.phones import sounds
from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.ports import LOOPBACK, free_port, free_range
from lab.scenarios.phones.program import Program, find
from lab.scenarios.phones.waiting import until

_PATIENCE_S = 30.0

_CONFIG = """\
[sip]
sip_port={sip}
sip_tcp_port=0
sip_tls_port={tls}
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
use_ipv6=0
bind_address={address}
register_only_when_network_is_up=0
media_encryption={encryption}
use_info={use_info}
use_rfc2833={use_rfc2833}

[net]
mtu=1300

[rtp]
audio_rtp_port={rtp_low}-{rtp_high}

[sound]
echocancellation=0

[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1

[audio_codec_1]
mime=PCMA
rate=8000
channels=1
enabled=1
"""


class LinphonePhone(Closing):
    """One account; keys go as RFC 4733 events, or as SIP INFO when asked so at the start.

    With `authority` (PEM) it speaks TLS, and to a server alone whose certificate it signed. With
    `srtp` it offers SRTP by SDES and insists on it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keys_by_info: bool = False,
        authority: Path | None = None,
        srtp: bool = False,
        voice: Path | None = None,
        host: str = LOOPBACK,
    ) -> None:
        """Start it; `voice`: the WAV file it speaks from. It listens on `host`."""
        home = folder / "home"
        for part in (".local/share/linphone", ".config/linphone"):
            (home / part).mkdir(parents=True, exist_ok=True)
        self.port = free_port(host)
        rtp_low, rtp_high = free_range(16, host)
        config = _CONFIG.format(
            sip=self.port,
            tls=free_port(host) if authority else 0,
            authority=authority or "",
            encryption="srtp" if srtp else "none",
            address=host,
            rtp_low=rtp_low,
            rtp_high=rtp_high,
            use_info=int(keys_by_info),
            use_rfc2833=int(not keys_by_info),
        )
        (folder / "linphonerc").write_text(config)
        self._folder = folder
        self._server = (host, 0)
        self._begin = 0
        self._by = ";transport=tls" if authority else ""
        environment = {"HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share")}
        environment["XDG_CONFIG_HOME"] = str(home / ".config")
        command = ["stdbuf", "-oL", find("linphonec"), "-S", "-c", str(folder / "linphonerc")]
        self.program = Program(command, folder / "linphone.log", env=environment, listen=True)
        self.say("ipv6 disable")
        self.say("soundcard use files")
        self.say(f"play {voice or sounds.silence(folder / 'silence.wav')}")
        self.wait_said("Using wav files instead of soundcard")

    def say(self, command: str) -> None:
        """Type a command."""
        self.program.stdin.write(command.encode() + b"\n")
        self.program.stdin.flush()

    def wait_said(self, pattern: str, timeout_s: float = _PATIENCE_S) -> str:
        """Wait until its output matches; the first group, or the whole match."""
        seeker = re.compile(pattern)

        def found() -> re.Match[str] | None:
            return seeker.search(self.output())

        match = until(found, f"linphone saying {pattern!r}; it said {self._tail()}", timeout_s)
        return match[match.re.groups]

    def output(self) -> str:
        """What it said since `forget`, or since it was started."""
        return self.program.output()[self._begin :]

    def forget(self) -> None:
        """Look only at what it says from now on: another call begins."""
        self._begin = len(self.program.output())

    def _tail(self) -> str:
        return self.program.output()[-1500:]

    def register(self, user: str, password: str, server: tuple[str, int]) -> bool:
        """Register; whether the registrar said yes."""
        self._server = server
        host, port = server
        self.say(f"register sip:{user}@{host} sip:{host}:{port}{self._by} {password}")
        return bool(until(self._registration, f"linphone's registration; {self._tail()}") == "yes")

    def _registration(self) -> str:
        """`yes`, `no` (it asks for another password), or an empty string as long as it tries."""
        said = self.program.output()
        if "Password for " in said:
            return "no"
        if "registered, identity=" in said:
            return "yes"
        self.say("status register")
        return ""

    def dial(self, number: str, record: Path) -> None:
        """Call a number of the registered server, recording what is heard."""
        self.say(f"record {record}")
        host, port = self._server
        self.say(f"call sip:{number.replace('#', '%23')}@{host}:{port}{self._by}")

    def wait_answered(self, timeout_s: float = _PATIENCE_S) -> None:
        self.wait_said(r"Call \d+ with .* connected", timeout_s)

    def wait_ended(self, timeout_s: float = _PATIENCE_S) -> str:
        """What it said about the call's end."""
        return self.wait_said(r"Call \d+ with .* (ended.*|error.*)", timeout_s)

    def record(self, path: Path) -> None:
        """Record what is heard from the next call on."""
        self.say(f"record {path}")

    def answer(self, record: Path | None = None) -> None:
        """Take the call that rings here, recording what is heard, unless it is told already."""
        self.wait_said(r"Receiving new incoming call")
        if record is not None:
            self.record(record)
        self.say("answer")

    def message(self, number: str, text: str) -> None:
        """Send a MESSAGE to a number of the registered server."""
        host, port = self._server
        self.say(f'chat sip:{number}@{host}:{port} "{text}"')

    def wait_message(self, text: str, timeout_s: float = _PATIENCE_S) -> str:
        """Who sent the MESSAGE that says `text`, as it said."""
        return self.wait_said(rf"Message received from (\S+): {re.escape(text)}", timeout_s)

    def keys(self, keys: str) -> None:
        """Send keys, the whole string at once."""
        self.say(keys)

    def hang_up(self) -> None:
        self.say("terminate")
        self.wait_ended()

    def close(self) -> None:
        if self.program.process.poll() is None:
            self.say("quit")
        self.program.stop()
