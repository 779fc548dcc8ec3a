"""How steps are written: which verbs there are, what follows each, and how sounds are named."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, time
from typing import Any

from lab.errors import suggestion
from lab.scenarios.model import Act, Ask, Charge, Say, Signal, Sound, Talk, Tone, Verb, Voice
from lab.yaml_file import Value
from prompts.catalogue import SIGNATURES, Kind, Prompt
from provisioning.billing.tariff import Cause

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
ROLE = re.compile(r"[a-z][a-z0-9]*")
NAMED = re.compile(r"<([a-z0-9]+)(?:\.([a-z0-9]+))?>")
"""`<owner>` stands for the number of a role's line."""
FORMS = ("e164", "freephone")
"""`<owner.e164>`, and the freephone number of its line."""

ALONE = frozenset(
    {
        *(Verb.ANSWERS, Verb.HANGS_UP, Verb.LEAVES, Verb.REGISTERS, Verb.RINGS),
        *(Verb.IS_ANSWERED, Verb.IS_HUNG_UP, Verb.IS_NOT_CHARGED),
    }
)
"""Verbs that nothing follows."""

_KEYS = re.compile(r"[0-9A-D*#]+")
_STATUS = re.compile(r"[3-6]\d\d")
_TALK = re.compile(rf"({ROLE.pattern}) and ({ROLE.pattern}) talk")
_SECONDS = re.compile(r"(\d{1,3}) s")
_TONE = re.compile(r"(\d{2,4}) Hz")
_CHARGE = ("cause", "yen", "each_s")


class Unreadable(Exception):
    """A step that is none; the text says why and what to write."""


def alone(text: str, roles: Collection[str]) -> Act | Talk:
    """A step without a value: `owner hangs up`, `owner and caller talk`."""
    if pair := _TALK.fullmatch(text):
        return Talk(_role(pair[1], roles), _role(pair[2], roles))
    role, verb = _act(text, roles)
    if verb not in ALONE:
        raise Unreadable(f"{verb.value!r} wants a value; write `{role} {verb.value}: …`")
    return Act(role, verb)


def valued(text: str, value: Value, typed: Callable[[], Any], roles: Collection[str]) -> Act | Ask:
    """A step with a value: `owner dials: 1429`, `GET /v1/lines/<owner>: {…}`."""
    method, _, path = text.partition(" ")
    if method in METHODS:
        if not path.startswith("/"):
            raise Unreadable(f"{path!r} is no path; it begins with a slash, as /v1/lines")
        _check_named(path, roles)
        return Ask(method, path, typed())
    role, verb = _act(text, roles)
    if verb in ALONE:
        raise Unreadable(f"{verb.value!r} takes no value; write `- {role} {verb.value}`")
    return Act(role, verb, _VALUES[verb](value, roles))


def _act(text: str, roles: Collection[str]) -> tuple[str, Verb]:
    name, _, phrase = text.partition(" ")
    role = _role(name, roles)
    verbs = {verb.value: verb for verb in Verb}
    if phrase not in verbs:
        raise Unreadable(f"{phrase!r} is no verb{suggestion(phrase, verbs)}")
    return role, verbs[phrase]


def _role(name: str, roles: Collection[str]) -> str:
    if name not in roles:
        raise Unreadable(f"{name!r} is none of the phones{suggestion(name, roles)}")
    return name


def _check_named(text: str, roles: Collection[str]) -> None:
    for found in NAMED.finditer(text):
        _role(found[1], roles)
        if found[2] is not None and found[2] not in FORMS:
            raise Unreadable(f"<{found[1]}.{found[2]}> is no form{suggestion(found[2], FORMS)}")


def _text(value: Value, roles: Collection[str]) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable("wants a text behind the colon")
    _check_named(value, roles)
    return value


def _number(value: Value, roles: Collection[str]) -> str:
    text = _text(value, roles)
    if not re.fullmatch(r"[0-9*#+]+", NAMED.sub("0", text)):
        raise Unreadable(f"{text!r} is nothing to dial: digits, *, # and + are")
    return text


def _keys(value: Value, roles: Collection[str]) -> str:
    text = _text(value, roles)
    if not _KEYS.fullmatch(NAMED.sub("0", text)):
        raise Unreadable(f"{text!r} are no keys: 0-9, *, # and A-D are")
    return text


def _status(value: Value, roles: Collection[str]) -> int:
    text = _text(value, roles)
    if not _STATUS.fullmatch(text):
        raise Unreadable(f"{text!r} is no final refusal, as 404")
    return int(text)


def _seconds(value: Value, roles: Collection[str]) -> int:
    found = _SECONDS.fullmatch(_text(value, roles))
    if found is None:
        raise Unreadable(f"{value!r} is no time to speak, as 3 s")
    return int(found[1])


def _charge(value: Value, roles: Collection[str]) -> Charge:
    if not isinstance(value, dict) or set(value) != set(_CHARGE):
        raise Unreadable("wants {cause: playback, yen: 20, each_s: 30}")
    causes = [cause.value for cause in Cause]
    cause, yen, each_s = (str(value[name]) for name in _CHARGE)
    if cause not in causes:
        raise Unreadable(f"{cause!r} is no cause of a charge{suggestion(cause, causes)}")
    if not (yen.isdecimal() and each_s.isdecimal()):
        raise Unreadable("yen and each_s are whole numbers")
    return Charge(cause, int(yen), int(each_s))


def _sound(value: Value, roles: Collection[str]) -> Sound:
    text = _text(value, roles)
    if text in roles:
        return Voice(text)
    signals = {signal.value: signal for signal in Signal}
    if text in signals:
        return signals[text]
    if tone := _TONE.fullmatch(text):
        return Tone(int(tone[1]))
    return _say(text, [*signals, *roles])


def _prompt(value: Value, roles: Collection[str]) -> Say:
    return _say(_text(value, roles), ())


def _say(text: str, besides: Collection[str]) -> Say:
    """A prompt's name and its values, blanks between them."""
    name, *values = text.split()
    prompts = {prompt.value: prompt for prompt in Prompt}
    if name not in prompts:
        known = suggestion(name, [*prompts, *besides])
        known = known if "did you mean" in known else "; `tokuban prompts list` tells all"
        raise Unreadable(f"{name!r} is no prompt, tone or phone{known}")
    wanted = SIGNATURES.get(prompts[name], ())
    if len(values) != len(wanted):
        names = " ".join(f"<{each.name}>" for each in wanted) or "nothing"
        raise Unreadable(f"{name} says {names}; {len(values)} values are given")
    for each, written in zip(wanted, values, strict=True):
        _check_value(each.kind, NAMED.sub("0", written), each.name)
    return Say(prompts[name], tuple(values))


def _check_value(kind: Kind, written: str, name: str) -> None:
    try:
        spoken(kind, written)
    except ValueError:
        raise Unreadable(f"{written!r} is no {name} ({kind.value})") from None


def spoken(kind: Kind, written: str) -> object:
    """A value as a voice takes it; ValueError where it is none of its kind."""
    match kind:
        case Kind.NUMBER | Kind.KEYS:
            return written
        case Kind.DATE:
            return date.fromisoformat(written)
        case Kind.TIME:
            return time.fromisoformat(written)
        case _:
            return int(written)


_VALUES: Mapping[Verb, Callable[[Value, Collection[str]], str | int | Sound | Charge]] = {
    Verb.DIALS: _number,
    Verb.KEYS: _keys,
    Verb.IS_SHOWN: _text,
    Verb.IS_REFUSED: _status,
    Verb.SPEAKS: _seconds,
    Verb.HEARS: _sound,
    Verb.HEARS_BEGINNING: _prompt,
    Verb.IS_CHARGED: _charge,
}
