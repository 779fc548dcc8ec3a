"""A SIP phone of plain strings and sockets: it sends exactly what a test writes.

It shares no code with the product, so that one mistake cannot hide on both sides.
"""

import hashlib
import re
import secrets
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lab.scenarios.phones.closing import Closing
from tests.support.ports import LOOPBACK
from tests.support.wire_rtp import RtpEnd

Address = tuple[str, int]

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Message:
    """A received message: start line, headers in wire order, body."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def status(self) -> int | None:
        """The status of a response; None for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The method of a request, or of the request a response answers."""
        return self.get("CSeq").split()[-1] if self.status else self.start.split()[0]

    @property
    def to_tag(self) -> str:
        found = re.search(r";tag=([^;>\s]+)", self.get("To"))
        return found[1] if found else ""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, or an empty string."""
        return next(iter(self.all(name)), "")


def read(data: bytes) -> Message:
    """Split a message; it must be whole and its lines end in CRLF."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode(errors="replace").split("\r\n")
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return Message(start, tuple(headers), body)


def token(prefix: str = "") -> str:
    return prefix + secrets.token_hex(8)


def authorization(challenge: str, user: str, password: str, method: str, uri: str) -> str:
    """Credentials for one challenge (RFC 7616 §3.4): SHA-256 or MD5, qop auth."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.removeprefix("Digest")))
    algorithm = fields.get("algorithm", "MD5")
    hash_of = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def digest(text: str) -> str:
        return hash_of(text.encode()).hexdigest()

    ha1 = digest(f"{user}:{fields['realm']}:{password}")
    cnonce, count = token(), "00000001"
    ha2 = digest(f"{method}:{uri}")
    response = digest(f"{ha1}:{fields['nonce']}:{count}:{cnonce}:auth:{ha2}")
    return (
        f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
        f'uri="{uri}", response="{response}", algorithm={algorithm}, qop=auth, nc={count}, '
        f'cnonce="{cnonce}"'
    )


class Wire(Closing):
    """A UDP socket that speaks SIP; it answers nothing by itself."""

    def __init__(self, server: Address, host: str = LOOPBACK, port: int = 0) -> None:
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((host, port))
        self.host, self.port = self.socket.getsockname()

    def send(self, data: bytes | str) -> None:
        raw = data.encode() if isinstance(data, str) else data
        self.socket.sendto(raw, self.server)

    def receive(self, timeout_s: float = _PATIENCE_S) -> Message | None:
        """The next message, or None when nothing came in time."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            return None
        return read(self.socket.recv(65_535))

    def expect(
        self, *statuses: int, method: str | None = None, timeout_s: float = _PATIENCE_S
    ) -> Message:
        """The next response with one of these statuses, whatever comes before it."""
        deadline = time.monotonic() + timeout_s
        seen: list[str] = []
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            if message.status in statuses and method in (None, message.method):
                return message
            seen.append(message.start)
        raise AssertionError(f"no {statuses} within {timeout_s:g} s; seen {seen}")

    def expect_request(self, method: str, timeout_s: float = _PATIENCE_S) -> Message:
        """The next request with this method, whatever comes before it."""
        deadline = time.monotonic() + timeout_s
        seen: list[str] = []
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            if message.status is None and message.method == method:
                return message
            seen.append(message.start)
        raise AssertionError(f"no {method} within {timeout_s:g} s; seen {seen}")

    def drain(self, quiet_s: float = 0.5) -> list[Message]:
        """All that comes until nothing has come for `quiet_s`."""
        messages = []
        while (message := self.receive(quiet_s)) is not None:
            messages.append(message)
        return messages

    def via(self, branch: str | None = None) -> str:
        return f"SIP/2.0/UDP {self.host}:{self.port};branch={branch or token('z9hG4bK')};rport"

    def request(
        self, method: str, uri: str, headers: Sequence[tuple[str, str]], body: str = ""
    ) -> str:
        """A request with Max-Forwards and Content-Length; `headers` say the rest."""
        lines = [f"{method} {uri} SIP/2.0"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += ["Max-Forwards: 70", f"Content-Length: {len(body.encode())}", "", body]
        return "\r\n".join(lines)

    def answer(self, request: Message, status: str = "200 OK") -> None:
        """Answer a request of the server."""
        lines = [f"SIP/2.0 {status}"]
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.all(name)]
        self.send("\r\n".join([*lines, "Content-Length: 0", "", ""]))

    def ping(self, timeout_s: float = _PATIENCE_S) -> Message:
        """An OPTIONS to the server and its final response: proof that it lives and hears."""
        host, port = self.server
        call_id = token()
        text = self.request(
            "OPTIONS",
            f"sip:{host}:{port}",
            [
                ("Via", self.via()),
                ("From", f"<sip:ping@{host}>;tag={token()}"),
                ("To", f"<sip:{host}>"),
                ("Call-ID", call_id),
                ("CSeq", "1 OPTIONS"),
            ],
        )
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.send(text)
            for message in iter(lambda: self.receive(1.0), None):
                if message.get("Call-ID") == call_id:
                    return message
        raise AssertionError(f"the server did not answer OPTIONS within {timeout_s:g} s")

    def close(self) -> None:
        self.socket.close()


class WirePhone(Wire):
    """A phone with an account: registers, dials, ends calls, step by step."""

    def __init__(
        self,
        server: Address,
        user: str,
        password: str,
        *,
        algorithm: str = "SHA-256",
        host: str = LOOPBACK,
    ) -> None:
        super().__init__(server, host)
        self.user, self.password, self.algorithm = user, password, algorithm
        self.tag = token()

    def challenge(self, refusal: Message) -> str:
        """The challenge of this phone's algorithm in a 401 or 407."""
        offered = refusal.all("WWW-Authenticate") + refusal.all("Proxy-Authenticate")
        for challenge in offered:
            if f"algorithm={self.algorithm}" in challenge.replace('"', ""):
                return challenge
        raise AssertionError(f"no {self.algorithm} challenge in {offered}")

    def credentials(self, refusal: Message, method: str, uri: str) -> tuple[str, str]:
        name = "Authorization" if refusal.status == 401 else "Proxy-Authorization"
        challenge = self.challenge(refusal)
        return name, authorization(challenge, self.user, self.password, method, uri)

    def register_text(
        self,
        call_id: str,
        cseq: int,
        *,
        expires_s: int = 300,
        extra: Sequence[tuple[str, str]] = (),
        contact: str | None = None,
        branch: str | None = None,
    ) -> str:
        host = self.server[0]
        return self.request(
            "REGISTER",
            f"sip:{host}:{self.server[1]}",
            [
                ("Via", self.via(branch)),
                ("From", f"<sip:{self.user}@{host}>;tag={self.tag}"),
                ("To", f"<sip:{self.user}@{host}>"),
                ("Call-ID", call_id),
                ("CSeq", f"{cseq} REGISTER"),
                ("Contact", contact or f"<sip:{self.user}@{self.host}:{self.port}>"),
                ("Expires", str(expires_s)),
                *extra,
            ],
        )

    def register(self, expires_s: int = 300) -> Message:
        """Register with the challenged round; the final response."""
        call_id = token()
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        self.send(self.register_text(call_id, 1, expires_s=expires_s))
        refusal = self.expect(401, method="REGISTER")
        extra = [self.credentials(refusal, "REGISTER", uri)]
        self.send(self.register_text(call_id, 2, expires_s=expires_s, extra=extra))
        return self.expect(200, 401, 403, 423, 503, method="REGISTER")


class WireCall(Closing):
    """One outgoing call of a `WirePhone`, with an RTP socket of its own."""

    def __init__(self, phone: WirePhone, number: str, *, event_type: int = 101) -> None:
        self.phone = phone
        self.sender = f"<sip:{phone.user}@{phone.server[0]}>"
        host, port = phone.server
        self.uri = f"sip:{number.replace('#', '%23')}@{host}:{port}"
        self.call_id = token()
        self.cseq = 0
        self.event_type = event_type
        self.to = f"<{self.uri}>"
        self.target = self.uri
        self.rtp = RtpEnd()

    def sdp(self, event_type: int | None = None) -> str:
        events = self.event_type if event_type is None else event_type
        host = self.phone.host
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.port} RTP/AVP 0 {events}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{events} telephone-event/8000\r\na=fmtp:{events} 0-15\r\na=sendrecv\r\n"
        )

    def text(
        self,
        method: str,
        cseq: int,
        *,
        branch: str | None = None,
        extra: Sequence[tuple[str, str]] = (),
        body: str = "",
        content_type: str = "application/sdp",
    ) -> str:
        phone = self.phone
        headers = [
            ("Via", phone.via(branch)),
            ("From", f"{self.sender};tag={phone.tag}"),
            ("To", self.to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{phone.user}@{phone.host}:{phone.port}>"),
            *extra,
        ]
        if body:
            headers.append(("Content-Type", content_type))
        return phone.request(method, self.target, headers, body)

    def invite(self, branch: str | None = None) -> str:
        """Send an INVITE, take the challenge, and return the authenticated INVITE, unsent."""
        first_branch = token("z9hG4bK")
        self.cseq += 1
        self.phone.send(self.text("INVITE", self.cseq, branch=first_branch, body=self.sdp()))
        refusal = self.phone.expect(401, 407, method="INVITE")
        self.acknowledge(refusal, first_branch)
        self.cseq += 1
        extra = [self.phone.credentials(refusal, "INVITE", self.uri)]
        return self.text("INVITE", self.cseq, branch=branch, extra=extra, body=self.sdp())

    def acknowledge(self, response: Message, branch: str | None = None) -> None:
        """ACK a final response.

        `branch`: that of the INVITE when it was refused (RFC 3261 §17.1.1.3).
        """
        kept, self.to = self.to, response.get("To")
        if response.status is not None and response.status < 300:
            kept = self.to
            self.target = response.get("Contact").strip("<>").partition(">")[0]
        number = int(response.get("CSeq").split()[0])
        self.phone.send(self.text("ACK", number, branch=branch))
        self.to = kept

    def dial(self, timeout_s: float = _PATIENCE_S) -> Message:
        """Call and wait for the final response, which is acknowledged."""
        branch = token("z9hG4bK")
        self.phone.send(self.invite(branch))
        return self.wait_final(branch, timeout_s)

    def wait_final(self, branch: str, timeout_s: float = _PATIENCE_S) -> Message:
        final = self.phone.expect(*range(200, 700), method="INVITE", timeout_s=timeout_s)
        accepted = final.status is not None and final.status < 300
        self.acknowledge(final, None if accepted else branch)
        if accepted:
            self.rtp.peer_from(final.body)
        return final

    def bye(self) -> Message:
        self.cseq += 1
        self.phone.send(self.text("BYE", self.cseq))
        return self.phone.expect(200, 481, method="BYE")

    def info(self, key: str) -> Message:
        """A key by SIP INFO, as `application/dtmf-relay`."""
        self.cseq += 1
        body = f"Signal={key}\r\nDuration=160\r\n"
        self.phone.send(
            self.text("INFO", self.cseq, body=body, content_type="application/dtmf-relay")
        )
        return self.phone.expect(200, 415, 481, method="INFO")

    def close(self) -> None:
        self.rtp.close()
