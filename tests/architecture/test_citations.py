"""Whatever cites a standard cites one that exists and that we mean."""

import re

from tests.architecture.source import modules, name

KNOWN = {
    768: "UDP",
    791: "IP",
    1047: "duplicate messages and SMTP",
    1071: "internet checksum",
    1123: "host requirements",
    2046: "bodies of several parts",
    2069: "digest of HTTP's first years",
    2543: "SIP of 1999, whose branches are no keys",
    2833: "telephone events, before 4733",
    2976: "INFO, before 6086",
    3207: "SMTP over TLS",
    3261: "SIP",
    3262: "reliable provisional responses",
    3263: "locating SIP servers",
    3264: "offer and answer",
    3265: "events, before 6665",
    3311: "UPDATE",
    3312: "preconditions",
    3323: "privacy",
    3325: "asserted identity",
    3326: "Reason",
    3327: "Path",
    3389: "comfort noise",
    3398: "SIP and ISUP, with causes",
    3420: "fragments of SIP messages",
    3428: "MESSAGE",
    3515: "REFER",
    3550: "RTP",
    3551: "RTP audio profile",
    3578: "overlap dialling to and from ISUP",
    3581: "rport",
    3605: "RTCP attribute in SDP",
    3608: "Service-Route",
    3711: "SRTP",
    3834: "automatic responses to mail",
    3841: "caller preferences",
    3842: "message waiting",
    3891: "Replaces",
    3892: "Referred-By",
    3966: "tel URIs",
    3986: "URIs",
    4028: "session timers",
    4180: "comma-separated values",
    4235: "dialog states",
    4320: "non-INVITE transactions",
    4458: "voicemail URIs and causes",
    4474: "Identity, before 8224",
    4475: "SIP torture tests",
    4488: "REFER without subscription",
    4566: "SDP, before 8866",
    4568: "SRTP keys in SDP",
    4585: "RTP feedback profile",
    4733: "telephone events",
    4961: "symmetric RTP",
    5057: "several usages of a dialog",
    5118: "SIP torture tests for IPv6",
    5124: "SRTP feedback profile",
    5234: "ABNF",
    5321: "SMTP",
    5322: "mail messages",
    5393: "forking loops",
    5589: "call transfer",
    5621: "bodies of SIP messages",
    5626: "outbound connections",
    5627: "GRUU",
    5630: "SIPS",
    5764: "DTLS-SRTP",
    5806: "Diversion",
    5922: "SIP certificates",
    5923: "connection reuse",
    5952: "IPv6 addresses as text",
    5954: "IPv6 in SIP grammar",
    6026: "2xx transactions corrected",
    6086: "INFO",
    6141: "re-INVITE",
    6455: "WebSocket",
    6665: "events",
    6750: "bearer tokens",
    7044: "History-Info",
    7118: "SIP over WebSocket",
    7315: "private headers of 3GPP",
    7544: "Diversion and History-Info",
    7578: "forms with files",
    7616: "digest with SHA-256",
    7693: "BLAKE2",
    8200: "IPv6",
    8224: "Identity",
    8259: "JSON",
    8760: "SIP digest with SHA-256",
    8866: "SDP",
    9110: "HTTP",
    9293: "TCP",
    9457: "problem documents",
}
"""RFCs that the code may cite; a number that is not here is mistyped or needs a line."""

CITED = re.compile(r"\bRFCs? ?(\d{3,5})\b")


def cited(text: str) -> set[int]:
    """The RFC numbers in a text."""
    return {int(number) for number in CITED.findall(text)}


def test_cited_rfcs_exist() -> None:
    unknown = {
        name(path): sorted(numbers)
        for path in modules()
        if (numbers := cited(path.read_text(encoding="utf-8")) - KNOWN.keys())
    }
    assert not unknown


def test_the_check_sees_a_mistyped_number() -> None:
    assert cited(f"RFC {3621} §9") - KNOWN.keys() == {3621}
