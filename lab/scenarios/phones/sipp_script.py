"""The pieces that SIPp's scenarios are written from, each as XML."""

from xml.sax.saxutils import quoteattr

FINALS = (
    *(300, 301, 302, 305, 380),
    *range(400, 411),
    *(412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 425, 428, 429, 430, 433),
    *(436, 437, 438, 439, 440, 469, 470, *range(480, 490), 491, 493, 494),
    *(500, 501, 502, 503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608),
)
"""Each status that refuses (IANA's registry, RFC 3261 §27.4): SIPp knows no ranges."""

LINGER_MS = 4000
"""How long a repeated message is still answered in a call that is over."""


def document(name: str, *parts: str) -> str:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">'
    end = f'{label("end")}\n<timewait milliseconds="{LINGER_MS}"/>\n</scenario>\n'
    return "\n".join([head, *parts, end])


def send(lines: list[str], body: str = "", *, to: str = "", again: bool = False) -> str:
    """A message; `to`: the label that follows, `again`: until there is an answer."""
    more = (' retrans="500"' if again else "") + (f' next="{to}"' if to else "")
    kind = ["Content-Type: application/sdp"] if body else []
    text = "\n".join([*lines, *kind, "Content-Length: [len]", "", body])
    return f"<send{more}><![CDATA[\n{text}\n]]></send>"


def recv(what: str, *actions: str, to: str = "", more: str = "", waits: bool = False) -> str:
    """A message that may come; with `waits` no other one is waited for."""
    if what.isdecimal():
        which = f'response="{what}"'
    else:
        which = f'request="{what}"' + (' regexp_match="true"' if what.startswith("^") else "")
    more += ("" if waits else ' optional="true"') + (f' next="{to}"' if to else "")
    done = f"<action>{''.join(actions)}</action>" if actions else ""
    return f"<recv {which} {more}>{done}</recv>"


def label(name: str) -> str:
    return f'<label id="{name}"/>'


def go(to: str, *actions: str, test: str = "") -> str:
    done = f"<action>{''.join(actions)}</action>" if actions else ""
    way = (f' next="{to}"' if to else "") + (f' test="{test}"' if test else "")
    return f'<nop hide="true"{way}>{done}</nop>'


def log(text: str) -> str:
    return f"<log message={quoteattr(text)}/>"


def find(expression: str, into: str, header: str = "") -> str:
    """Keep what fits a regular expression in the message, or in one of its headers."""
    where = f'search_in="hdr" header="{header}:"' if header else 'search_in="msg"'
    return f'<ereg regexp={quoteattr(expression)} {where} assign_to="{into}"/>'


def keep(header: str, into: str) -> str:
    return find("[^[:space:]].*[^[:space:]]", into, header)


MEDIA = (
    find("c=IN IP4 [0-9.]+", "where"),
    find("m=audio [0-9]+", "port"),
    find("a=rtpmap:([0-9]+) telephone-event/8000", "event,kind"),
    log("media [call_id] [$where] [$port] [$event]"),
)


def refusals(to: str, *expected: int) -> str:
    """Every refusal but those that are waited for."""
    return "\n".join(recv(str(each), to=to) for each in FINALS if each not in expected)


def refused(to: str = "") -> str:
    """Tell how it was refused: the response is the last message."""
    return go(to, log("refused [call_id] [last_message]"))


def sdp(rtp: str, event: str) -> str:
    kinds = ["0", event] if event else ["0"]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 [local_ip]",
        "s=-",
        "c=IN IP4 [local_ip]",
        "t=0 0",
        f"m=audio {rtp} RTP/AVP {' '.join(kinds)}",
        "a=rtpmap:0 PCMU/8000",
    ]
    lines += [f"a=rtpmap:{event} telephone-event/8000", f"a=fmtp:{event} 0-15"] if event else []
    return "\n".join([*lines, "a=ptime:20"])


def answer(status: str, *more: str, tag: str = "") -> list[str]:
    """The head of a response to what came last."""
    seen = ["[last_Via:]", "[last_From:]", f"[last_To:]{tag}", "[last_Call-ID:]", "[last_CSeq:]"]
    return [f"SIP/2.0 {status}", *seen, *more]
