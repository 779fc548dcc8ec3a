"""Digest authentication for SIP, both sides (RFC 3261 §22, RFC 7616, RFC 8760).

A challenge costs the server no memory (`ivr.sip.nonces`); `auth-int`, `-sess` and userhash are
neither offered nor accepted.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import cache, lru_cache, partial
from typing import NamedTuple, Protocol

from ivr.sip.abnf import GrammarError, is_token, leading_quoted, quote, split, unquote
from ivr.sip.nonces import Freshness, Nonces
from ivr.sip.uri import Uri, UriError

ALGORITHMS = ("SHA-256", "MD5")
"""Best first: the order challenges are sent in (RFC 8760 §2.3)."""


class _Hash(Protocol):
    @property
    def digest_size(self) -> int: ...
    def hexdigest(self) -> str: ...


Ha1Lookup = Callable[[str], Mapping[str, str] | None]
"""User name to HA1 in lower-case hex by algorithm; None for a user nobody knows."""

_ANSWERED = ("SHA-512-256", *ALGORITHMS)
"""What we can answer where we are asked, the best first; whether the first is there is OpenSSL's
matter."""

_CACHED_LENGTH = 120
_HASHES: dict[str, Callable[[bytes], _Hash]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
if "sha512_256" in hashlib.algorithms_available:
    _HASHES["SHA-512-256"] = partial(hashlib.new, "sha512_256")
_HEX = frozenset("0123456789abcdefABCDEF")
_NAMES = "username realm nonce uri response algorithm cnonce opaque qop nc"
_FIELD_NAMES = {space + name: name for name in _NAMES.split() for space in ("", " ")}
"""Field names as they are written nearly always, found without cutting and folding."""
_OPENINGS = {f",{spelt}=": name for spelt, name in _FIELD_NAMES.items()}
"""What stands before a quoted value nearly always."""


class Outcome(Enum):
    """What a request's credentials prove."""

    OK = auto()
    NO_CREDENTIALS = auto()
    STALE = auto()
    """Right password, but the nonce is old or was used before: challenge again, stale=true."""
    WRONG = auto()


class Verdict(NamedTuple):
    """An outcome and, where the password was right, whose it was."""

    outcome: Outcome
    user: str | None = None


class Challenge(NamedTuple):
    """What a server asks for (RFC 7616 §3.3)."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @staticmethod
    def parse(value: str) -> "Challenge":
        """Read a WWW-Authenticate or Proxy-Authenticate value. Raises GrammarError."""
        fields = parse_fields(value)
        if "realm" not in fields or "nonce" not in fields:
            raise GrammarError("a challenge wants a realm and a nonce")
        qop = tuple(word.strip().lower() for word in fields.get("qop", "").split(",") if word)
        return Challenge(
            fields["realm"],
            fields["nonce"],
            fields.get("algorithm", "MD5").upper(),
            qop,
            fields.get("opaque"),
            fields.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}"]
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.stale:
            parts.append("stale=true")
        parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f"qop={quote(','.join(self.qop))}")
        return "Digest " + ", ".join(parts)


def ha1(user: str, realm: str, password: str, algorithm: str) -> str:
    """The hash a password is kept as, lower-case hex. It is as good as the password itself."""
    return _hash(algorithm, f"{user}:{realm}:{password}")


def parse_fields(value: str) -> dict[str, str]:
    """The fields of a `Digest …` value, names in lower case, values unquoted.

    Raises:
        GrammarError: another scheme, broken grammar, or a field that stands twice.
    """
    if value[:7].lower() != "digest ":
        raise GrammarError("no Digest scheme")
    fields = _usual_fields("," + value[7:])
    if fields is not None:
        return fields
    rest = value[7:]
    try:
        return _read_fields(rest.split(","))
    except GrammarError:
        return _read_fields(split(rest, ","))  # there may be commas inside quotes


def _usual_fields(text: str) -> dict[str, str] | None:
    """Fields as phones write them, cut at their quotes, in two thirds of the time of one by one.

    None where a name, a space or an escape is not as usual; `text` begins with a comma.
    """
    pieces = text.split('"')
    fields: dict[str, str] = {}
    plain = pieces[-1]
    if plain and plain[0] != ",":
        return None
    for opening, value in zip(pieces[:-1:2], pieces[1::2], strict=False):
        name = _OPENINGS.get(opening)
        if name is None:
            before, comma, last = opening.rpartition(",")
            name = _OPENINGS.get(comma + last)
            if name is None or before[0] != ",":
                return None
            plain = before + plain
        fields[name] = value
    unquoted = plain.split(",")[1:]
    for piece in unquoted:
        name, _, value = piece.partition("=")
        name = _FIELD_NAMES.get(name)
        if name is None or not value or " " in value:
            return None
        fields[name] = value
    once = len(fields) == len(pieces) // 2 + len(unquoted)
    whole = len(pieces) % 2 == 1 and "\\" not in text and "\t" not in text
    return fields if once and whole else None


def _read_fields(pieces: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for piece in pieces:
        name, _, text = piece.partition("=")
        name, text = name.strip(" \t").lower(), text.strip(" \t")
        if text[:1] == '"' and is_token(name):
            fields[name] = _quoted_value(text)
        elif is_token(name) and text and '"' not in text and " " not in text:
            fields[name] = text
        else:
            raise GrammarError("the Digest fields break their grammar")
    if len(fields) != len(pieces):
        raise GrammarError("a Digest field stands twice")
    return fields


def _quoted_value(text: str) -> str:
    inner = text[1:-1]
    if "\\" in inner or '"' in inner or text[-1] != '"' or len(text) < 2:
        quoted, more = leading_quoted(text)
        if more:
            raise GrammarError("something follows a quoted string")
        return unquote(quoted)
    return inner


class DigestServer:
    """Challenges requests and judges the credentials they come back with."""

    def __init__(self, realm: str, nonces: Nonces, algorithms: Sequence[str] = ALGORITHMS) -> None:
        self.realm = realm
        self._nonces = nonces
        self._algorithms = tuple(algorithms)
        self._opening = f"Digest realm={quote(realm)}, nonce="

    def challenges(self, now: float, salt: str, *, stale: bool = False) -> list[str]:
        """The header values of a 401 or 407, one an algorithm, best first (RFC 8760 §2.4)."""
        opening = self._opening + quote(self._nonces.issue(now, salt))
        if stale:
            opening += ", stale=true"
        return [f'{opening}, algorithm={algorithm}, qop="auth"' for algorithm in self._algorithms]

    def verify(
        self,
        credentials: Iterable[str],
        *,
        method: str,
        request_uri: str,
        ha1_of: Ha1Lookup,
        now: float,
    ) -> Verdict:
        """Judge a request by its Authorization or Proxy-Authorization values.

        A user nobody knows costs the same work and gets the same outcome as a wrong password.
        """
        fields = self._ours(credentials)
        if fields is None:
            return Verdict(Outcome.NO_CREDENTIALS)
        claim = _Claim.of(fields)
        if claim is None or claim.algorithm not in self._algorithms:
            return Verdict(Outcome.WRONG)
        known = ha1_of(claim.user)
        secret = known.get(claim.algorithm) if known else None
        expected = claim.response_with(secret or _nobodys_ha1(claim.algorithm), method)
        right = hmac.compare_digest(expected.encode(), claim.response.encode("utf-8", "replace"))
        if not (right and secret and _same_uri(claim.uri, request_uri)):
            return Verdict(Outcome.WRONG)
        if self._nonces.verify(claim.nonce, now) is not Freshness.FRESH:
            return Verdict(Outcome.STALE, claim.user)
        if not self._nonces.spend(claim.nonce, claim.nonce_count):
            return Verdict(Outcome.STALE, claim.user)
        return Verdict(Outcome.OK, claim.user)

    def _ours(self, credentials: Iterable[str]) -> dict[str, str] | None:
        """The fields of the credentials for our realm, if there are any that can be read."""
        for value in credentials:
            try:
                fields = parse_fields(value)
            except GrammarError:
                continue
            if fields.get("realm") == self.realm:
                return fields
        return None


class _Claim(NamedTuple):
    """The fields of an Authorization that a response is computed from."""

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    cnonce: str
    nc: str

    nonce_count: int
    """0 without qop, -1 when it is none."""

    @staticmethod
    def of(fields: Mapping[str, str]) -> "_Claim | None":
        """None when a field is missing or nc is no eight hex digits."""
        get = fields.get
        qop, nc = get("qop", "").lower(), get("nc", "")
        claim = _Claim(
            get("username", ""),
            get("realm", ""),
            get("nonce", ""),
            get("uri", ""),
            get("response", "").lower(),
            get("algorithm", "MD5").upper(),
            qop,
            get("cnonce", ""),
            nc,
            _count(nc) if qop else 0,
        )
        if not (claim.user and claim.nonce and claim.uri and claim.response):
            return None
        if qop:
            return claim if qop == "auth" and claim.cnonce and claim.nonce_count > 0 else None
        # RFC 2069 clients know neither qop nor any algorithm but MD5.
        return claim if claim.algorithm == "MD5" else None

    def response_with(self, secret: str, method: str) -> str:
        """The response somebody with this HA1 would give (RFC 7616 §3.4.1)."""
        request_hash = _request_hash(self.algorithm, f"{method}:{self.uri}")
        if not self.qop:
            return _hash(self.algorithm, f"{secret}:{self.nonce}:{request_hash}")
        middle = f"{self.nonce}:{self.nc}:{self.cnonce}:{self.qop}"
        return _hash(self.algorithm, f"{secret}:{middle}:{request_hash}")


def _count(nc: str) -> int:
    return int(nc, 16) if len(nc) == 8 and _HEX.issuperset(nc) else -1


def authorize(
    challenges: Iterable[str],
    *,
    user: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str,
    nc: int = 1,
) -> str:
    """The Authorization value that answers the best of a server's challenges.

    Args:
        cnonce: fresh randomness.
        nc: how often this nonce has been answered, this time included.

    Raises:
        GrammarError: none of the challenges is one we can answer.
    """
    challenge = _best(challenges)
    qop = "auth" if "auth" in challenge.qop else ""
    claim = _Claim(
        user,
        challenge.realm,
        challenge.nonce,
        uri,
        "",
        challenge.algorithm,
        qop,
        cnonce,
        f"{nc:08x}",
        nc,
    )
    secret = ha1(user, challenge.realm, password, challenge.algorithm)
    return _authorization(claim, claim.response_with(secret, method), challenge.opaque)


def _authorization(claim: _Claim, response: str, opaque: str | None) -> str:
    parts = [
        f"username={quote(claim.user)}",
        f"realm={quote(claim.realm)}",
        f"nonce={quote(claim.nonce)}",
        f"uri={quote(claim.uri)}",
        f'response="{response}"',
        f"algorithm={claim.algorithm}",
    ]
    if opaque is not None:
        parts.append(f"opaque={quote(opaque)}")
    if claim.qop:
        parts += [f"qop={claim.qop}", f"nc={claim.nc}", f"cnonce={quote(claim.cnonce)}"]
    return "Digest " + ", ".join(parts)


def _best(challenges: Iterable[str]) -> Challenge:
    best: Challenge | None = None
    for value in challenges:
        try:
            challenge = Challenge.parse(value)
        except GrammarError:
            continue
        if challenge.algorithm not in _HASHES:
            continue
        if challenge.qop and "auth" not in challenge.qop:
            continue
        if best is None or _rank(challenge) < _rank(best):
            best = challenge
    if best is None:
        raise GrammarError("no Digest challenge with SHA-512-256, SHA-256 or MD5 and qop auth")
    return best


def _rank(challenge: Challenge) -> int:
    return _ANSWERED.index(challenge.algorithm)


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()


def _request_hash(algorithm: str, text: str) -> str:
    """Of method and URI, which most calls share with others; longer ones are not remembered."""
    return _known_hash(algorithm, text) if len(text) <= _CACHED_LENGTH else _hash(algorithm, text)


_known_hash = lru_cache(maxsize=1024)(_hash)


@cache
def _nobodys_ha1(algorithm: str) -> str:
    """Stands in for an unknown user's, so that he costs as much as a known one."""
    return "0" * (2 * _HASHES[algorithm](b"").digest_size)


def _same_uri(claimed: str, request_uri: str) -> bool:
    """Whether the credentials were made for this Request-URI (RFC 3261 §22.4, item 5)."""
    if claimed == request_uri:
        return True
    try:
        return Uri.parse(claimed) == Uri.parse(request_uri)
    except UriError:
        return False
