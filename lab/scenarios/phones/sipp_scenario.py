"""What SIPp does as a phone, written as its scenarios: one that is called, and one that calls.

Neither goes by a clock. Each waits for what the network sends and for words of ours, which are
requests of a name that nobody else knows, sent to SIPp's own port with the Call-ID of the call
that is meant. What happens is told by `<log>`, a line each: what, the Call-ID, and more.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from lab.scenarios.phones.sipp_script import (
    MEDIA,
    answer,
    document,
    find,
    go,
    keep,
    label,
    log,
    recv,
    refusals,
    refused,
    sdp,
    send,
)

_AGENT = "User-Agent: SIPp"
_ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, UPDATE"
_REFRESH_MS, _EXPIRES_S = 1_800_000, 3600
_UNHEARD_MS, _BARRED_MS = 10_000, 30_000
"""After which a phone asks anew that had no answer to its REGISTER, and one that was refused."""
_ASKING = "^(OPTIONS|INFO|NOTIFY)$"
_BEYOND = "^(MESSAGE|SUBSCRIBE|REFER|PUBLISH|PRACK)$"
_ANSWERS_WITHIN_MS = 4000
_EVENTS = 101


class Words(NamedTuple):
    """Our own words to SIPp, as names of methods."""

    enrol: str
    leave: str
    take: str
    drop: str

    @classmethod
    def with_secret(cls, secret: str) -> "Words":
        """Words that who does not know the secret cannot say."""
        return cls(*(f"{word.upper()}{secret}" for word in cls._fields))


@dataclass(frozen=True, slots=True)
class Account:
    """Whose phone it is, and where it registers."""

    user: str
    password: str = field(repr=False)
    server: tuple[str, int]

    @property
    def registrar(self) -> str:
        """The server's URI."""
        return f"sip:{self.server[0]}:{self.server[1]}"

    @property
    def name(self) -> str:
        """What stands in From, and of a registration in To."""
        return f"<sip:{self.user}@{self.server[0]}>"

    @property
    def contact(self) -> str:
        """The header: where SIPp listens."""
        return f"Contact: <sip:{self.user}@[local_ip]:[local_port]>"

    @property
    def proof(self) -> str:
        """What SIPp makes the Authorization of."""
        return f"[authentication username={self.user} password={self.password}]"


def called(account: Account, words: Words) -> str:
    """The scenario of a phone that registers, rings and is answered, call by call."""
    return document(
        "called",
        _begins(account, words),
        _rings(account, words),
        _taken(account),
        _talk(words, f"[$called]{_TAG}", "[$caller]", "[$rtp]"),
        _not_taken(),
        _registers(account, words),
        _strays(),
    )


def caller(account: Account, words: Words, number: str, unique: str, rtp: int) -> str:
    """The scenario of one call to a number (as it stands in a URI); `unique`: its tag."""
    uri = f"sip:{number}@{account.server[0]}:{account.server[1]}"
    ask = _Asking(account, uri, unique, rtp)
    return document(
        "caller",
        ask.invites(words),
        _talk(words, f"{account.name};tag={unique}", "[$callee]", str(rtp)),
        ask.is_given_up(words),
        ask.is_refused(),
    )


_TAG = ";tag=[pid]-[call_number]"


def _first(status: str, *more: str, tag: str = _TAG) -> list[str]:
    """The head of a response to the INVITE that began the call, whatever came since."""
    seen = ["Via: [$via]", "From: [$caller]", f"To: [$called]{tag}", "Call-ID: [call_id]"]
    return [f"SIP/2.0 {status}", *seen, "CSeq: [$cseq]", *more]


def _begins(account: Account, words: Words) -> str:
    """What may come first: a word of ours, a call, or a stray message."""
    kept = [keep(*each) for each in (("Via", "via"), ("From", "caller"), ("To", "called"))]
    return "\n".join(
        [
            recv(words.enrol, log("begun [call_id]"), to="enrol"),
            recv("^(OPTIONS|NOTIFY|INFO|UPDATE)$", to="asked"),
            recv("^(BYE|CANCEL)$", to="unknown"),
            recv(_BEYOND, to="beyond"),
            recv("ACK", to="end"),
            recv(
                "INVITE",
                *kept,
                keep("CSeq", "cseq"),
                *MEDIA,
                find("m=audio [0-9]+ RTP/AVP( [0-9]+)* 0[^0-9]", "speech,others"),
                log("rings [call_id] [$caller]"),
                more='rrs="true"',
                waits=True,
            ),
            '<Reference variables="others"/>',
        ]
    )


def _rings(account: Account, words: Words) -> str:
    return "\n".join(
        [
            send(_first("180 Ringing", account.contact)),
            label("ringing"),
            recv("CANCEL", to="cancelled"),
            recv(_ASKING, to="asked-ringing"),
            recv(words.drop, to="declined"),
            recv(words.take, find("[0-9]+", "rtp", "Subject"), to="taken", waits=True),
            label("asked-ringing"),
            send(answer("200 OK", _ALLOW), to="ringing"),
        ]
    )


def _taken(account: Account) -> str:
    """The answer, with events where they were offered."""
    yes = _first("200 OK", account.contact, _ALLOW)
    return "\n".join(
        [
            label("taken"),
            go("taken-with-sound", test="speech"),
            send(_first("488 Not Acceptable Here"), to="dropped", again=True),
            # What comes where none is waited for is lost: nothing may follow the answer.
            label("taken-with-sound"),
            go("taken-with-events", test="event"),
            send(yes, sdp("[$rtp]", ""), to="talk", again=True),
            label("taken-with-events"),
            send(yes, sdp("[$rtp]", "[$kind]"), to="talk", again=True),
        ]
    )


def _talk(words: Words, local: str, remote: str, rtp: str) -> str:
    """A call that is up, until either end has enough of it."""
    return "\n".join(
        [
            label("talk"),
            recv("ACK", log("answered [call_id]")),
            recv("BYE", to="over"),
            recv(_ASKING, to="asked-talking"),
            recv("UPDATE", find("m=audio", "renewed"), *MEDIA, to="renewed"),
            recv("INVITE", *MEDIA, to="described"),
            recv(_BEYOND, to="beyond-talking"),
            recv(words.drop, waits=True),
            label("hang-up"),
            send(_of_dialog("BYE", 100, "[branch]", local, remote), again=True),
            *(recv(str(each), to="gone") for each in (403, 408, 481, 500)),
            recv("BYE", to="over"),
            recv("200", more=_UNANSWERED, waits=True),
            label("gone"),
            go("end", log("ended [call_id]")),
            label("over"),
            send(answer("200 OK"), to="gone"),
            label("asked-talking"),
            send(answer("200 OK", _ALLOW), to="talk"),
            label("beyond-talking"),
            send(answer("405 Method Not Allowed", _ALLOW), to="talk"),
            label("renewed"),
            go("described", test="renewed"),
            send(answer("200 OK", _ALLOW), to="talk"),
            label("described"),
            go("described-with-events", test="event"),
            send(answer("200 OK", _HERE, _ALLOW), sdp(rtp, ""), to="talk"),
            label("described-with-events"),
            send(answer("200 OK", _HERE, _ALLOW), sdp(rtp, "[$kind]"), to="talk"),
        ]
    )


_HERE = "Contact: <sip:[local_ip]:[local_port]>"
_UNANSWERED = f'timeout="{_ANSWERS_WITHIN_MS}" ontimeout="gone"'


def _of_dialog(method: str, number: int, branch: str, local: str, remote: str) -> list[str]:
    """The head of a request within the dialog."""
    return [
        f"{method} [next_url] SIP/2.0",
        f"Via: SIP/2.0/UDP [local_ip]:[local_port];branch={branch};rport",
        "[routes]",
        f"From: {local}",
        f"To: {remote}",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
    ]


def _not_taken() -> str:
    """The ends of a call that nobody took."""
    return "\n".join(
        [
            label("cancelled"),
            send(answer("200 OK", tag=_TAG)),
            send(_first("487 Request Terminated"), to="dropped", again=True),
            label("declined"),
            send(_first("486 Busy Here"), again=True),
            label("dropped"),
            recv("CANCEL"),
            recv("ACK", more=_UNANSWERED, to="gone", waits=True),
        ]
    )


def _registers(account: Account, words: Words) -> str:
    """The registration, renewed at half its time until the phone leaves."""

    def then(wait_ms: int, to: str) -> str:
        return f'timeout="{wait_ms}" ontimeout="{to}"'

    anew, leaves = then(_UNHEARD_MS, "enrol"), then(_UNHEARD_MS, "end")
    return "\n".join(
        [
            label("enrol"),
            *_registration(account, _EXPIRES_S, "enrolled", anew),
            recv(words.leave, more=then(_REFRESH_MS, "enrol"), waits=True),
            *_registration(account, 0, "left", leaves),
            go("end"),
            label("barred"),
            refused(),
            recv(words.leave, log("left [call_id]"), more=then(_BARRED_MS, "enrol"), waits=True),
            go("end"),
        ]
    )


def _registration(account: Account, expires_s: int, told: str, unheard: str) -> list[str]:
    """One registration and its challenge; `told`: what its success is called."""

    def asks(*proof: str) -> str:
        lines = [
            f"REGISTER {account.registrar} SIP/2.0",
            "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport",
            f"From: {account.name}{_TAG}",
            f"To: {account.name}",
            "Call-ID: [call_id]",
            "CSeq: [cseq] REGISTER",
            account.contact,
            *proof,
            f"Expires: {expires_s}",
            "Max-Forwards: 70",
            _AGENT,
        ]
        return send(lines, again=True)

    return [
        asks(),
        recv("100"),
        refusals("barred", 401),
        recv("401", more=f'auth="true" {unheard}', waits=True),
        asks(account.proof),
        recv("100"),
        refusals("barred"),
        recv("200", log(f"{told} [call_id]"), more=unheard, waits=True),
    ]


def _strays() -> str:
    """What is answered to requests of no call."""
    return "\n".join(
        [
            label("asked"),
            send(answer("200 OK", _ALLOW, tag=_TAG), to="end"),
            label("unknown"),
            send(answer("481 Call/Transaction Does Not Exist"), to="end"),
            label("beyond"),
            send(answer("405 Method Not Allowed", _ALLOW, tag=_TAG), to="end"),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """The two INVITEs of a call, the second one with the proof that was asked for."""

    account: Account
    uri: str
    unique: str
    rtp: int

    def _head(self, method: str, number: int, to: str) -> list[str]:
        """A request of the transaction that an INVITE began."""
        branch = f"z9hG4bK{self.unique}{number}"
        return [
            f"{method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP [local_ip]:[local_port];branch={branch};rport",
            f"From: {self.account.name};tag={self.unique}",
            to,
            "Call-ID: [call_id]",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
        ]

    def _invite(self, number: int, *proof: str) -> str:
        head = self._head("INVITE", number, f"To: <{self.uri}>")
        lines = [*head, self.account.contact, *proof, _ALLOW, _AGENT]
        return send(lines, sdp(str(self.rtp), str(_EVENTS)), again=True)

    def _confirm(self) -> str:
        """The ACK of an answer."""
        local = f"{self.account.name};tag={self.unique}"
        return send(_of_dialog("ACK", 2, "[branch]", local, "[$callee]"))

    def invites(self, words: Words) -> str:
        """From the first INVITE to the ACK of the answer."""
        going = (*MEDIA, log("going [call_id]"))
        answered = (keep("To", "callee"), *MEDIA, log("answered [call_id]"))
        return "\n".join(
            [
                go("", log("calling [call_id]")),
                self._invite(1),
                recv("100"),
                refusals("refused-at-once", 401),
                recv("401", more='auth="true"', waits=True),
                send(self._head("ACK", 1, "[last_To:]")),
                self._invite(2, self.account.proof),
                recv("100", log("going [call_id]")),
                *(recv(str(each), *going) for each in (180, 181, 182, 183, 199)),
                refusals("refused"),
                recv(words.drop, to="given-up"),
                recv("200", *answered, more='rrs="true"', waits=True),
                self._confirm(),
            ]
        )

    def is_given_up(self, words: Words) -> str:
        """A CANCEL, and an answer that crosses it."""
        late = (find("CSeq: *[0-9]+ INVITE", "late"), keep("To", "callee"))
        return "\n".join(
            [
                label("given-up"),
                send(self._head("CANCEL", 2, f"To: <{self.uri}>"), again=True),
                recv("100"),
                *(recv(str(each)) for each in (180, 181, 182, 183, 199)),
                refusals("refused"),
                recv("200", *late, more='rrs="true" test="late"', to="late"),
                recv(words.drop, more='timeout="32000" ontimeout="gone"', to="gone", waits=True),
                label("late"),
                self._confirm(),
                go("hang-up"),
            ]
        )

    def is_refused(self) -> str:
        """The ACK of a refusal."""
        return "\n".join(
            [
                label("refused"),
                refused(),
                send(self._head("ACK", 2, "[last_To:]"), to="end"),
                label("refused-at-once"),
                refused(),
                send(self._head("ACK", 1, "[last_To:]"), to="end"),
            ]
        )
