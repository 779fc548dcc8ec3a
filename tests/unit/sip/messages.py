"""Messages that several tests of the parser start from."""

INVITE = (
    b"INVITE sip:1429@carrier.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK776asdhds;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Taro" <sip:09000000001@carrier.example>;tag=1928301774\r\n'
    b"To: <sip:1429@carrier.example>\r\n"
    b"Call-ID: a84b4c76e66710@192.0.2.1\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:09000000001@192.0.2.1:5062>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)


def invite(old: bytes = b"", new: bytes = b"") -> bytes:
    """The INVITE with one piece of it replaced."""
    assert old in INVITE
    return INVITE.replace(old, new, 1)
