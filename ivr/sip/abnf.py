"""The grammar every header shares: tokens, quoted strings, parameters, lists (RFC 3261 §25.1)."""

import re
from collections.abc import Mapping

TOKEN_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~"
)

# A repeated group is not possessive: Python before 3.11.4 gets that wrong. What it repeats is, so
# that a text without an end still costs no more than its length.
_QUOTED = r'"(?:[^"\\]++|\\.)*"'
_PIECE = {
    separator: re.compile(rf'(?:[^{separator}"<]++|{_QUOTED}|<[^>]*+>)*', re.DOTALL)
    for separator in ",;"
}
_QUOTED_STRING = re.compile(_QUOTED, re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_USUAL_PARAMETERS = frozenset(("branch", "rport", "received", "tag", "lr", "q", "expires", "ob"))

Parameters = Mapping[str, str | None]
"""Names in lower case; values as they stood (quotes kept), None where there was no `=`."""


class GrammarError(ValueError):
    """The text does not follow the grammar; the peer who wrote it is at fault."""


def is_token(text: str) -> bool:
    """Whether the text is a `token`: what methods, tags, branches and option tags are made of."""
    # Letters and digits alone, the usual case, are found by the string itself: 4x as fast.
    if text.isalnum() and text.isascii():
        return True
    return bool(text) and TOKEN_CHARACTERS.issuperset(text)


def quote(text: str) -> str:
    """The text as a `quoted-string`."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """What a `quoted-string` says; any other text unchanged."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def leading_quoted(text: str) -> tuple[str, str]:
    """The quoted string a text begins with, its quotes kept, and what follows it.

    Raises:
        GrammarError: the quoted string never ends.
    """
    match = _QUOTED_STRING.match(text)
    if match is None:
        raise GrammarError("a quoted string never ends")
    return match.group(), text[match.end() :]


def split(text: str, separator: str) -> list[str]:
    """Cut at every `,` or `;` outside quotes and angle brackets; pieces are stripped.

    Raises:
        GrammarError: a quote or bracket never closes.
    """
    if '"' not in text and "<" not in text:
        return [piece.strip(" \t") for piece in text.split(separator)]
    pieces, position, piece = [], 0, _PIECE[separator]
    while True:
        match = piece.match(text, position)
        end = match.end() if match else position
        pieces.append(text[position:end].strip(" \t"))
        if end == len(text):
            return pieces
        if text[end] != separator:
            raise GrammarError("a quote or an angle bracket never closes")
        position = end + 1


def parse_parameters(text: str) -> dict[str, str | None]:
    """Read `a=1;b;c="x;y"` (without a leading `;`).

    Raises:
        GrammarError: an empty, unnamed or repeated parameter.
    """
    found: dict[str, str | None] = {}
    for piece in split(text, ";") if '"' in text else text.split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t").lower()
        if name not in _USUAL_PARAMETERS and not is_token(name):
            raise GrammarError(f"{name[:32]!r} is no parameter name")
        if name in found:
            raise GrammarError(f"the parameter {name} stands twice")
        found[name] = value.strip(" \t") if equals else None
    return found


def format_parameters(parameters: Parameters) -> str:
    """The parameters as they go on the wire, each with its leading `;`."""
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items()
    )


def decimal(text: str, most: int) -> int:
    """A number of ASCII digits, 0 to `most`.

    Raises:
        GrammarError: anything else, a sign included.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > most:
        raise GrammarError(f"{text[:24]!r} is no number from 0 to {most}")
    return int(text)
