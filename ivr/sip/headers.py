"""A message's header fields: an ordered multi-map whose names ignore case (RFC 3261 §7.3)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ivr.sip.abnf import GrammarError, split

T = TypeVar("T")

_KNOWN_NAMES = """
Accept Accept-Contact Accept-Encoding Accept-Language Accept-Resource-Priority Alert-Info Allow
Allow-Events Authentication-Info Authorization CSeq Call-ID Call-Info Contact Content-Disposition
Content-Encoding Content-ID Content-Language Content-Length Content-Transfer-Encoding Content-Type
Date Diversion Error-Info Event Expires From History-Info Identity Identity-Info In-Reply-To Join
MIME-Version Max-Forwards Message-Summary Min-Expires Min-SE Organization P-Access-Network-Info
P-Asserted-Identity P-Associated-URI P-Called-Party-ID P-Charging-Vector P-Early-Media
P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authentication-Info
Proxy-Authorization Proxy-Require RAck RSeq Reason Record-Route Refer-Sub Refer-To Referred-By
Reject-Contact Replaces Reply-To Request-Disposition Require Retry-After Route SIP-ETag
SIP-If-Match Security-Client Security-Server Security-Verify Server Service-Route Session-Expires
Session-ID Subject Subscription-State Supported Suppress-If-Match Target-Dialog Timestamp To
Unsupported User-Agent User-to-User Via WWW-Authenticate Warning
"""

_COMPACT_NAMES = {
    "a": "Accept-Contact",  # RFC 3841
    "b": "Referred-By",  # RFC 3892
    "c": "Content-Type",
    "d": "Request-Disposition",  # RFC 3841
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",  # RFC 3841
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",  # RFC 4474
    "o": "Event",  # RFC 6665
    "r": "Refer-To",  # RFC 3515
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",  # RFC 6665
    "v": "Via",
    "x": "Session-Expires",  # RFC 4028
    "y": "Identity",  # RFC 4474
}

_LISTS = """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Call-Info
Contact Content-Encoding Content-Language Diversion Error-Info History-Info In-Reply-To
P-Asserted-Identity P-Associated-URI P-Early-Media P-Preferred-Identity Path Proxy-Require Reason
Record-Route Reject-Contact Require Route Service-Route Supported Unsupported Via Warning
"""
LIST_HEADERS = frozenset(_LISTS.split())
"""Headers whose value is a comma-separated list, so that one line may carry several values."""

_CANONICAL = {name.lower(): name for name in _KNOWN_NAMES.split()} | _COMPACT_NAMES
CANONICAL_NAMES = {
    **_CANONICAL,
    **{name: name for name in _KNOWN_NAMES.split()},
    **{short.upper(): name for short, name in _COMPACT_NAMES.items()},
}
"""Spellings met on the wire to the RFC's own; `canonical_name` knows every other spelling."""

_SPELT_RIGHT = frozenset(_CANONICAL.values())


class BadHeader(GrammarError):
    """A header is missing or breaks its grammar: the sender's fault, answered 400."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why


def canonical_name(name: str) -> str:
    """The one spelling of a header name: the RFC's, or Capitalised-Words where it is unknown."""
    known = CANONICAL_NAMES.get(name) or _CANONICAL.get(name.lower())
    return known or "-".join(word.capitalize() for word in name.split("-"))


class Headers:
    """Header fields by name, each name's values in wire order.

    Names are case-insensitive and compact forms are known. Iteration yields `(name, value)`, a
    name's values together, names in the order they first appeared; the order between different
    names has no meaning (RFC 3261 §7.3.1). Values are unfolded text, bytes that are not UTF-8
    kept as surrogates.
    """

    # A name's list is replaced and never changed, so that messages may share it.
    __slots__ = ("fields", "typed")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self.fields: dict[str, list[str]] = {}
        """Values in wire order by canonical name: to be read, and changed through methods alone."""
        self.typed: dict[str, Any] = {}
        """What `parsed` has read so far, for `Message` to look up without a call."""
        for name, value in items:
            self.add(name, value)

    @classmethod
    def of(cls, fields: dict[str, list[str]]) -> "Headers":
        """Wrap fields whose names are canonical already; the dictionary is kept, not copied."""
        headers = cls.__new__(cls)
        headers.fields = fields
        headers.typed = {}
        return headers

    def get(self, name: str) -> str | None:
        """The first value as it stood on the wire, or None."""
        values = self.fields.get(name)
        if values is None and name not in _SPELT_RIGHT:
            values = self.fields.get(canonical_name(name))
        return values[0] if values else None

    def lines(self, name: str) -> list[str]:
        """Every value as it stood on the wire, one item a header line."""
        values = self.fields.get(name)
        if values is None and name not in _SPELT_RIGHT:
            values = self.fields.get(canonical_name(name))
        return values[:] if values else []

    def all(self, name: str) -> list[str]:
        """Every value; a list header's lines are cut at their commas.

        Raises:
            BadHeader: a quoted string or an angle bracket in the list never closes.
        """
        name = canonical_name(name)
        values = self.fields.get(name, ())
        if name not in LIST_HEADERS:
            return list(values)
        try:
            return [piece for value in values for piece in _pieces(value)]
        except GrammarError as error:
            raise BadHeader(name, str(error)) from None

    def tokens(self, name: str) -> frozenset[str]:
        """The values of a list of case-insensitive words (Supported, Require), in lower case."""
        return frozenset(value.lower() for value in self.all(name))

    def add(self, name: str, value: str) -> None:
        """Append a value below the ones that stand."""
        name = canonical_name(name)
        self._forget(name)
        standing = self.fields.get(name)
        self.fields[name] = [value] if standing is None else [*standing, value]

    def add_first(self, name: str, value: str) -> None:
        """Put a value on top of the ones that stand, as a Via or Record-Route is.

        The first of its name comes before all headers (RFC 3261 §7.3.1): what an ICMP error quotes
        of a message is its beginning.
        """
        name = canonical_name(name)
        self._forget(name)
        standing = self.fields.get(name)
        if standing is None:
            self.fields = {name: [value], **self.fields}
        else:
            self.fields[name] = [value, *standing]

    def put(self, name: str, value: str) -> None:
        """Set one value in a message that is being built and that nobody has read yet.

        `name` must be the canonical spelling.
        """
        self.fields[name] = [value]

    def set(self, name: str, *values: str) -> None:
        """Replace all values; without any, the header goes."""
        name = canonical_name(name)
        self._forget(name)
        if values:
            self.fields[name] = list(values)
        else:
            self.fields.pop(name, None)

    def set_first(self, name: str, value: str, typed: object) -> None:
        """Replace the first value, `typed` being what `parsed` would read in it.

        `name` must be the canonical spelling and stand already.
        """
        values = self.fields[name]
        self.fields[name] = [value] if len(values) == 1 else [value, *values[1:]]
        self.typed[name] = typed
        self.typed.pop(name + ",", None)

    def remove(self, name: str) -> None:
        """Drop every value; no error when there is none."""
        self.set(name)

    def copy(self) -> "Headers":
        """Independent of the original."""
        return Headers.of(self.fields.copy())

    def taken(self, names: Iterable[str]) -> "Headers":
        """The fields of these canonical names, in their order, as far as they stand."""
        fields = self.fields
        return Headers.of({name: values for name in names if (values := fields.get(name))})

    def parsed(self, name: str, parse: Callable[[str], T]) -> T:
        """The first value through `parse`, remembered until the header changes.

        `name` must be the canonical spelling.

        Raises:
            BadHeader: the header is missing, or `parse` raised GrammarError.
        """
        known: T | None = self.typed.get(name)
        if known is not None:
            return known
        values = self.fields.get(name)
        if not values:
            raise BadHeader(name, "missing")
        try:
            result = parse(values[0])
        except GrammarError as error:
            raise BadHeader(name, getattr(error, "why", str(error))) from None
        self.typed[name] = result
        return result

    def parsed_list(self, name: str, parse: Callable[[str], T]) -> list[T]:
        """Every value of a list header through `parse`, remembered until the header changes.

        `name` must be the canonical spelling.

        Raises:
            BadHeader: a value broke its grammar.
        """
        lines = self.fields.get(name)
        if lines is None:
            return []
        key = name + ","
        known: list[T] | None = self.typed.get(key)
        if known is not None:
            return known
        try:
            if len(lines) == 1 and lines[0] and "," not in lines[0]:
                result = [parse(lines[0])]
            else:
                result = [parse(value) for value in self.all(name)]
        except BadHeader:
            raise
        except GrammarError as error:
            raise BadHeader(name, str(error)) from None
        self.typed[key] = result
        return result

    def _forget(self, name: str) -> None:
        if self.typed:
            self.typed.pop(name, None)
            self.typed.pop(name + ",", None)

    def __contains__(self, name: str) -> bool:
        if name in self.fields:
            return True
        return name not in _SPELT_RIGHT and canonical_name(name) in self.fields

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, values in self.fields.items() for value in values)

    def __len__(self) -> int:
        return sum(map(len, self.fields.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"


def _pieces(value: str) -> list[str]:
    if "," not in value:
        return [value] if value else []
    # RFC 3261 §7.3.1 has no empty list members; a stray comma is passed over.
    return [piece for piece in split(value, ",") if piece]
