"""Session descriptions: what they say, read tolerantly and written strictly (RFC 8866)."""

from enum import Enum
from typing import NamedTuple

from ivr.sip.abnf import GrammarError, decimal

CONTENT_TYPE = "application/sdp"
MOST_MEDIA = 32
"""More m-lines than any call has; an answer mirrors every one of them."""

Attribute = tuple[str, str | None]
"""Name and value of an `a=` line; None for a property attribute."""


class SdpError(GrammarError):
    """The description breaks its grammar: the peer's fault, answered 400 or 488."""


class Direction(Enum):
    """Which way media flows, as the writer of the description sees it (RFC 8866 §6.7)."""

    SENDRECV = ("sendrecv", True, True)
    SENDONLY = ("sendonly", True, False)
    RECVONLY = ("recvonly", False, True)
    INACTIVE = ("inactive", False, False)

    def __init__(self, word: str, sends: bool, receives: bool) -> None:
        self.word = word
        self.sends = sends
        self.receives = receives

    @staticmethod
    def of(*, sends: bool, receives: bool) -> "Direction":
        """The direction with these two properties."""
        if sends:
            return Direction.SENDRECV if receives else Direction.SENDONLY
        return Direction.RECVONLY if receives else Direction.INACTIVE


_DIRECTIONS = {direction.word: direction for direction in Direction}


class Codec(NamedTuple):
    """One payload format of an m-line: a number and what it stands for (RFC 8866 §6.6)."""

    name: str
    clock_rate: int
    payload_type: int
    channels: int = 1
    fmtp: str | None = None

    @property
    def rtpmap(self) -> str:
        channels = f"/{self.channels}" if self.channels > 1 else ""
        return f"{self.payload_type} {self.name}/{self.clock_rate}{channels}"


STATIC_PAYLOADS = {
    0: Codec("PCMU", 8000, 0),
    3: Codec("GSM", 8000, 3),
    4: Codec("G723", 8000, 4),
    5: Codec("DVI4", 8000, 5),
    6: Codec("DVI4", 16000, 6),
    7: Codec("LPC", 8000, 7),
    8: Codec("PCMA", 8000, 8),
    9: Codec("G722", 8000, 9),
    10: Codec("L16", 44100, 10, 2),
    11: Codec("L16", 44100, 11),
    12: Codec("QCELP", 8000, 12),
    13: Codec("CN", 8000, 13),
    15: Codec("G728", 8000, 15),
    18: Codec("G729", 8000, 18),
}
"""Numbers that need no rtpmap (RFC 3551 §6)."""


class Origin(NamedTuple):
    """Who made the description, and which edition it is (RFC 8866 §5.2)."""

    session_id: int
    version: int
    address: str
    username: str = "-"


class Media(NamedTuple):
    """One m-line and what stands below it. `connection` is an address, None where it is inherited.

    `port` 0 refuses or ends the stream (RFC 3264 §5.1); `ports` is the n of `49170/n`.
    """

    kind: str
    port: int
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    connection: str | None = None
    proto: str = "RTP/AVP"
    ports: int = 1

    def attribute(self, name: str) -> str | None:
        """The first such attribute's value; "" for one without, None when absent."""
        return _first(self.attributes, name)

    @property
    def direction(self) -> Direction | None:
        """None where the session's direction is inherited."""
        return _direction(self.attributes)

    @property
    def ptime_ms(self) -> int | None:
        """The packet time asked for; None when absent or no number."""
        text = self.attribute("ptime")
        return int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 else None

    def codecs(self) -> list[Codec]:
        """The payload formats in order of preference; numbers nobody explains are left out."""
        maps = _numbered(self.attributes, "rtpmap")
        parameters = _numbered(self.attributes, "fmtp")
        found = []
        for number in self.formats:
            codec = _codec(number, maps.get(number))
            if codec is not None:
                fmtp = parameters.get(number)
                found.append(codec._replace(fmtp=fmtp) if fmtp else codec)
        return found


class Sdp(NamedTuple):
    """A session description. `connection` is an address, None where every m-line has its own."""

    origin: Origin
    media: tuple[Media, ...] = ()
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()
    name: str = "-"
    times: tuple[str, ...] = ("0 0",)

    @staticmethod
    def parse(data: bytes) -> "Sdp":
        """Read a description; lines nobody here needs (b=, i=, k= …) are passed over.

        Raises:
            SdpError: and nothing else, whatever the bytes.
        """
        return _Reader().read(data)

    def encode(self) -> bytes:
        """The description as it goes into a message body."""
        lines = ["v=0", _origin_line(self.origin), f"s={self.name or '-'}"]
        if self.connection is not None:
            lines.append(_connection_line(self.connection))
        lines += [f"t={times}" for times in self.times]
        lines += map(_attribute_line, self.attributes)
        for media in self.media:
            lines += _media_lines(media)
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")

    def direction_of(self, media: Media) -> Direction:
        """An m-line's own direction, else the session's, else sendrecv (RFC 8866 §6.7)."""
        return media.direction or _direction(self.attributes) or Direction.SENDRECV

    def address_of(self, media: Media) -> str | None:
        """Where an m-line's media goes: its own c=, else the session's."""
        return media.connection if media.connection is not None else self.connection


class _Reader:
    """Collects lines into the description they stand for."""

    def __init__(self) -> None:
        self.origin: Origin | None = None
        self.name = "-"
        self.connection: str | None = None
        self.times: list[str] = []
        self.session_attributes: list[Attribute] = []
        self.media: list[Media] = []
        self.attributes = self.session_attributes

    def read(self, data: bytes) -> Sdp:
        text = data.decode("utf-8", "surrogateescape")
        # RFC 8866 §5: a lone LF may end a line as well.
        lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
        if lines[0] != "v=0":
            raise SdpError("a description begins with v=0")
        for line in lines[1:]:
            letter, equals, value = line[:1], line[1:2], line[2:]
            if equals != "=":
                raise SdpError(f"{line[:32]!r} is no SDP line")
            if letter == "a":
                name, colon, argument = value.partition(":")
                self.attributes.append((name, argument if colon else None))
            elif letter in "mcots":
                self._other(letter, value)
        self._close_media()
        if self.origin is None:
            raise SdpError("there is no o= line")
        return Sdp(
            self.origin,
            tuple(self.media),
            self.connection,
            tuple(self.session_attributes),
            self.name,
            tuple(self.times) or ("0 0",),
        )

    def _other(self, letter: str, value: str) -> None:
        if letter == "m":
            self._close_media()
            if len(self.media) == MOST_MEDIA:
                raise SdpError(f"more than {MOST_MEDIA} m-lines")
            self.media.append(_media(value))
            self.attributes = []
        elif letter == "c":
            self._connection(value)
        elif letter == "o":
            self.origin = _origin(value)
        elif letter == "t":
            self.times.append(value)
        else:
            self.name = value or "-"

    def _connection(self, value: str) -> None:
        address = _connection(value)
        if not self.media:
            self.connection = address
        elif self.media[-1].connection is None:
            self.media[-1] = self.media[-1]._replace(connection=address)

    def _close_media(self) -> None:
        if self.media and self.attributes:
            self.media[-1] = self.media[-1]._replace(attributes=tuple(self.attributes))


def _origin(value: str) -> Origin:
    words = value.split()
    if len(words) != 6:
        raise SdpError("o= wants six words")
    try:
        return Origin(_number(words[1]), _number(words[2]), words[5], words[0])
    except GrammarError as error:
        raise SdpError(f"o=: {error}") from None


def _number(text: str) -> int:
    return decimal(text, 10**20)


def _connection(value: str) -> str:
    words = value.split()
    if len(words) != 3 or words[0] != "IN":
        raise SdpError("c= wants IN, IP4 or IP6, and an address")
    return words[2].partition("/")[0]  # a multicast time to live is of no use here


def _media(value: str) -> Media:
    words = value.split()
    if len(words) < 4:
        raise SdpError("m= wants a kind, a port, a protocol and a format")
    kind, port, proto, *formats = words
    port, slash, count = port.partition("/")
    try:
        number = decimal(port, 65535)
        many = decimal(count, 65535) if slash else 1
    except GrammarError as error:
        raise SdpError(f"m=: {error}") from None
    return Media(kind.lower(), number, tuple(formats), (), None, proto, many)


def _codec(number: str, rtpmap: str | None) -> Codec | None:
    if not (number.isascii() and number.isdigit()) or len(number) > 3 or int(number) > 127:
        return None
    if rtpmap is None:
        return STATIC_PAYLOADS.get(int(number))
    name, _, rest = rtpmap.partition("/")
    rate, _, channels = rest.partition("/")
    try:
        clock_rate = decimal(rate.strip(), 1_000_000)
        many = decimal(channels.strip(), 255) if channels.strip() else 1
    except GrammarError:
        return None
    return Codec(name.strip(), clock_rate, int(number), many)


def _numbered(attributes: tuple[Attribute, ...], name: str) -> dict[str, str]:
    """Values of the attributes that begin with a payload number, by that number."""
    found: dict[str, str] = {}
    for key, value in attributes:
        if key == name and value:
            number, _, rest = value.partition(" ")
            found.setdefault(number, rest.strip())
    return found


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for name, value in attributes:
        if value is None and name in _DIRECTIONS:
            return _DIRECTIONS[name]
    return None


def _first(attributes: tuple[Attribute, ...], name: str) -> str | None:
    for key, value in attributes:
        if key == name:
            return value or ""
    return None


def _origin_line(origin: Origin) -> str:
    who = f"{origin.username} {origin.session_id} {origin.version}"
    return f"o={who} IN {_family(origin.address)} {origin.address}"


def _connection_line(address: str) -> str:
    return f"c=IN {_family(address)} {address}"


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _attribute_line(attribute: Attribute) -> str:
    name, value = attribute
    return f"a={name}" if value is None else f"a={name}:{value}"


def _media_lines(media: Media) -> list[str]:
    ports = f"/{media.ports}" if media.ports != 1 else ""
    lines = [f"m={media.kind} {media.port}{ports} {media.proto} {' '.join(media.formats)}"]
    if media.connection is not None:
        lines.append(_connection_line(media.connection))
    lines += map(_attribute_line, media.attributes)
    return lines
