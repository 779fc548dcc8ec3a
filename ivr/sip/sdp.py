"""Session descriptions: what they say, read tolerantly and written strictly (RFC 8866)."""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from ivr.sip.abnf import GrammarError, decimal

CONTENT_TYPE = "application/sdp"
_CACHED_LENGTH = 120
_CACHED_SHAPE = 1000
"""Longer texts are not remembered: a flood of them must not fill the memory."""
_CRYPTO = "crypto"
_CRYPTO_LINE = f"\na={_CRYPTO}:"
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

    `port` 0 refuses or ends the stream (RFC 3264 §5.1); `ports` is the n of `49170/n`. `crypto` are
    the values of `a=crypto`: they hold keys, and stand apart from what is remembered.
    """

    kind: str
    port: int
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    connection: str | None = None
    proto: str = "RTP/AVP"
    ports: int = 1
    crypto: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Media {self.kind} {self.port} {self.proto} {' '.join(self.formats)}>"

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

    def codecs(self) -> tuple[Codec, ...]:
        """The payload formats in order of preference; numbers nobody explains are left out."""
        return _codecs(self.formats, self.attributes)


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
        text = data.decode("utf-8", "surrogateescape")
        return _usual(text) or _Reader().read(text)

    def encode(self) -> bytes:
        """The description as it goes into a message body."""
        text = f"v=0\r\n{_origin_line(self.origin)}s={self.name or '-'}\r\n"
        if self.connection is not None:
            text += _connection_line(self.connection)
        for times in self.times:
            text += f"t={times}\r\n"
        text += _attribute_lines(self.attributes)
        for media in self.media:
            text += _media_lines(media)
        return text.encode("utf-8", "surrogateescape")

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
        self.session_attributes: tuple[Attribute, ...] = ()
        self.media: list[Media] = []
        self.attributes: list[Attribute] = []
        self.crypto: list[str] = []
        self.line: str | None = None
        self.line_connection: str | None = None

    def read(self, text: str) -> Sdp:
        # RFC 8866 §5: a lone LF may end a line as well.
        lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
        if lines[0] != "v=0":
            raise SdpError("a description begins with v=0")
        for line in lines[1:]:
            kind = line[:2]
            if kind == "a=":
                name, colon, argument = line[2:].partition(":")
                if name == _CRYPTO:
                    self.crypto.append(argument)
                else:
                    self.attributes.append((name, argument if colon else None))
            elif kind in ("m=", "c=", "o=", "t=", "s="):
                self._other(kind, line[2:])
            elif kind[1:] != "=":
                raise SdpError(f"{line[:32]!r} is no SDP line")
        self._close()
        if self.origin is None:
            raise SdpError("there is no o= line")
        return Sdp(
            self.origin,
            tuple(self.media),
            self.connection,
            self.session_attributes,
            self.name,
            tuple(self.times) or ("0 0",),
        )

    def _other(self, kind: str, value: str) -> None:
        if kind == "m=":
            self._close()
            self.line, self.line_connection = value, None
        elif kind == "c=":
            self._connection(_connection(value))
        elif kind == "o=":
            self.origin = _origin(value)
        elif kind == "t=":
            self.times.append(value)
        else:
            self.name = value or "-"

    def _connection(self, address: str) -> None:
        if self.line is None:
            self.connection = address
        elif self.line_connection is None:
            self.line_connection = address

    def _close(self) -> None:
        """An m-line, or the end: what was collected belongs to what stands above."""
        if self.line is None:
            self.session_attributes = tuple(self.attributes)
        else:
            if len(self.media) == MOST_MEDIA:
                raise SdpError(f"more than {MOST_MEDIA} m-lines")
            media = _media(self.line, tuple(self.attributes), self.line_connection)
            self.media.append(media._replace(crypto=tuple(self.crypto)) if self.crypto else media)
        self.attributes, self.crypto = [], []


def _usual(text: str) -> Sdp | None:
    """A description whose one peculiarity is its origin and port, in half the time.

    All else a phone repeats from call to call: what stands between `o=` and the first m-line's
    port, and what follows the port, is read once. None where a description is of another kind.
    """
    session, _, media = text.partition("\r\nm=audio ")
    origin, _, above = session[7:].partition("\r\n")
    port, _, below = media.partition(" ")
    usual = text[:7] == "v=0\r\no=" and "\n" not in origin and port.isascii() and port.isdigit()
    if not usual or len(port) > 5 or len(above) + len(below) > _CACHED_SHAPE:
        return None
    if _CRYPTO_LINE in text:
        return None  # a key is not remembered
    shape = _shape(above, below)
    number = int(port)
    if shape is None or number > 65535:
        return None
    line, *more = shape.media
    line = Media(line.kind, number, *line[2:])
    return Sdp(_origin(origin), (line, *more), *shape[2:])


@lru_cache(maxsize=512)
def _shape(above: str, below: str) -> Sdp | None:
    """What a description says besides its origin and its first port."""
    if not above or "o=" in above or "m=" in above:
        return None
    return _Reader().read(f"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n{above}\r\nm=audio 9 {below}")


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


def _media(value: str, attributes: tuple[Attribute, ...], connection: str | None) -> Media:
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
    return Media(kind.lower(), number, tuple(formats), attributes, connection, proto, many)


@lru_cache(maxsize=64)
def _codecs(formats: tuple[str, ...], attributes: tuple[Attribute, ...]) -> tuple[Codec, ...]:
    """Remembered, since few models of phones make most offers."""
    maps: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for name, value in attributes:
        if name == "rtpmap" and value:
            number, _, rest = value.partition(" ")
            maps.setdefault(number, rest)
        elif name == "fmtp" and value:
            number, _, rest = value.partition(" ")
            parameters.setdefault(number, rest)
    found = [_codec_of(each, maps.get(each), parameters.get(each)) for each in formats]
    return tuple(codec for codec in found if codec is not None)


def _codec_of(number: str, rtpmap: str | None, fmtp: str | None) -> Codec | None:
    if len(number) + len(rtpmap or "") + len(fmtp or "") > _CACHED_LENGTH:
        return _codec(number, rtpmap, fmtp)
    return _codec_cached(number, rtpmap, fmtp)


def _codec(number: str, rtpmap: str | None, fmtp: str | None) -> Codec | None:
    if not (number.isascii() and number.isdigit()) or len(number) > 3 or int(number) > 127:
        return None
    fmtp = fmtp.strip() if fmtp else None
    if rtpmap is None:
        static = STATIC_PAYLOADS.get(int(number))
        return static._replace(fmtp=fmtp) if static else None
    name, _, rest = rtpmap.partition("/")
    rate, _, channels = rest.partition("/")
    try:
        clock_rate = decimal(rate.strip(), 1_000_000)
        many = decimal(channels.strip(), 255) if channels.strip() else 1
    except GrammarError:
        return None
    return Codec(name.strip(), clock_rate, int(number), many, fmtp)


_codec_cached = lru_cache(maxsize=2048)(_codec)


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
    return f"o={who} IN {_family(origin.address)} {origin.address}\r\n"


def _connection_line(address: str) -> str:
    return f"c=IN {_family(address)} {address}\r\n"


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


@lru_cache(maxsize=64)
def _attribute_lines(attributes: tuple[Attribute, ...]) -> str:
    """Ours are the same for call after call."""
    return "".join(
        f"a={name}\r\n" if value is None else f"a={name}:{value}\r\n" for name, value in attributes
    )


def _media_lines(media: Media) -> str:
    ports = f"/{media.ports}" if media.ports != 1 else ""
    text = f"m={media.kind} {media.port}{ports} {media.proto} {' '.join(media.formats)}\r\n"
    if media.connection is not None:
        text += _connection_line(media.connection)
    text += _attribute_lines(media.attributes)
    for value in media.crypto:
        text += f"a={_CRYPTO}:{value}\r\n"
    return text
