"""Wire phones that are known by their address: another carrier, or an NGN line's own equipment."""

import re
from collections.abc import Sequence

from lab.scenarios.phones.closing import Closing
from tests.support.ports import LOOPBACK
from tests.support.wire import Address, Message, WireCall, WirePhone, token
from tests.support.wire_rtp import RtpEnd

Fields = Sequence[tuple[str, str]]


class OpenPhone(WirePhone):
    """A phone that nobody asks for a password."""

    def __init__(self, server: Address, user: str, host: str = LOOPBACK) -> None:
        super().__init__(server, user, "", host=host)

    def enrol(
        self, expires_s: int = 3600, extra: Fields = (), contact: str | None = None
    ) -> Message:
        """One REGISTER and its final response."""
        text = self.register_text(token(), 1, expires_s=expires_s, extra=extra, contact=contact)
        self.send(text)
        return self.expect(*range(200, 700), method="REGISTER")


class OpenCall(WireCall):
    """A call whose INVITE goes out as it is, with `extra` headers; `sender` is what From says."""

    def __init__(
        self, phone: OpenPhone, number: str, *, sender: str | None = None, extra: Fields = ()
    ) -> None:
        super().__init__(phone, number)
        self.sender = sender or self.sender
        self._extra = extra

    def invite(self, branch: str | None = None) -> str:
        self.cseq += 1
        body = self.sdp()
        return self.text("INVITE", self.cseq, branch=branch, extra=self._extra, body=body)


def give_up(call: WireCall, branch: str, ringing: "Ringing") -> Message:
    """The caller hangs up while it rings; what the caller's INVITE is answered."""
    call.phone.send(call.text("CANCEL", call.cseq, branch=branch))
    ringing.phone.answer(ringing.phone.expect_request("CANCEL"))
    ringing.respond("487 Request Terminated")
    ringing.phone.expect_request("ACK")
    return call.wait_final(branch)


class Ringing(Closing):
    """A call that a phone gets: its INVITE, and what the phone answers."""

    def __init__(self, phone: WirePhone, invite: Message | None = None) -> None:
        self.phone, self.invite = phone, invite or phone.expect_request("INVITE")
        self.tag = token()
        self.rtp = RtpEnd(phone.host)
        self._cseq = 0

    def respond(self, status: str, extra: Fields = (), *, sdp: bool = False) -> None:
        """Answer the INVITE."""
        lines = [f"SIP/2.0 {status}"]
        for name in ("Via", "From", "Call-ID", "CSeq", "Record-Route"):
            lines += [f"{name}: {value}" for value in self.invite.all(name)]
        phone = self.phone
        lines.append(f"To: {self.invite.get('To')};tag={self.tag}")
        lines.append(f"Contact: <sip:{phone.user}@{phone.host}:{phone.port}>")
        lines += [f"{name}: {value}" for name, value in extra]
        body = self._sdp() if sdp else ""
        lines += ["Content-Type: application/sdp"] if sdp else []
        phone.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]))

    def accept(self, extra: Fields = ()) -> Message:
        """Answer with 200; the ACK."""
        self.respond("200 OK", extra, sdp=True)
        self.rtp.peer_from(self.invite.body)
        return self.phone.expect_request("ACK")

    def bye(self, *, call_id: str | None = None) -> Message:
        """Hang up, or try to with another Call-ID."""
        phone, self._cseq = self.phone, self._cseq + 1
        target = re.sub(r"^<|>.*$", "", self.invite.get("Contact"))
        fields = [
            ("Via", phone.via()),
            ("From", f"{self.invite.get('To')};tag={self.tag}"),
            ("To", self.invite.get("From")),
            ("Call-ID", call_id or self.invite.get("Call-ID")),
            ("CSeq", f"{self._cseq} BYE"),
        ]
        phone.send(phone.request("BYE", target, fields))
        return phone.expect(200, 481, method="BYE")

    def _sdp(self) -> str:
        host = self.phone.host
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
        )

    def close(self) -> None:
        self.rtp.close()
