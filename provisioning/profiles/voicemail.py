"""The `[voicemail]` table of a profile file; a carrier without it has none (VM-01)."""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from provisioning.contract import E164, Condition, RingTimes, VoicemailRules
from provisioning.profiles.fields import BadProfile, named

TABLE = "voicemail"
WHOLE = ("messages", "longest_s", "keep_s", "remote_pin_errors", "longest_greeting_s")
KEYS = ("replay_key", "redo_key", "keep_key")
MISSED = (Condition.CFNRC, Condition.CFB, Condition.CFNR)
DEFAULTS = {each.name: each.default for each in fields(VoicemailRules)}


def voicemail(
    source: str, table: Mapping[str, Any], ring_times: RingTimes
) -> VoicemailRules | None:
    """What the table says; `ring_times` are those of the carrier's forwarding."""
    if TABLE not in table:
        return None
    given = dict(table[TABLE])
    conditions = frozenset(named(source, TABLE, given, "conditions", Condition, MISSED))
    offered = frozenset(named(source, TABLE, given, "offered", Condition, tuple(Condition)))
    if not conditions <= offered:
        raise BadProfile(f"{source}: {TABLE}.offered: it has all of conditions")
    whole = {field: _whole(source, given, field) for field in WHOLE}
    keys = {field: _key(source, given, field) for field in KEYS}
    if len(set(keys.values())) < len(KEYS):
        raise BadProfile(f"{source}: {TABLE}: {', '.join(KEYS)} are three different keys")
    rules = VoicemailRules(
        messages=whole["messages"],
        longest_s=whole["longest_s"],
        keep_s=whole["keep_s"],
        remote_pin_errors=whole["remote_pin_errors"],
        longest_greeting_s=whole["longest_greeting_s"],
        replay_key=keys["replay_key"],
        redo_key=keys["redo_key"],
        keep_key=keys["keep_key"],
        ring_times=ring_times,
        conditions=conditions,
        offered=offered,
        silence_s=_seconds(source, given),
        deposit_is_forwarded=_flag(source, given, "deposit_is_forwarded"),
        may_refuse_messages=_flag(source, given, "may_refuse_messages"),
        remote_number=_number(source, given),
    )
    if given:
        raise BadProfile(f"{source}: {TABLE}.{min(given)}: there is no such field")
    return rules


def _whole(source: str, given: dict[str, Any], field: str) -> int:
    number = given.pop(field, DEFAULTS[field])
    if type(number) is not int or number < 1:
        raise BadProfile(f"{source}: {TABLE}.{field}: a whole number from 1 on is needed")
    return number


def _key(source: str, given: dict[str, Any], field: str) -> str:
    key = given.pop(field, DEFAULTS[field])
    if not isinstance(key, str) or not re.fullmatch(r"[0-9*#]", key):
        raise BadProfile(f"{source}: {TABLE}.{field}: one key of 0-9*# is needed")
    return key


def _seconds(source: str, given: dict[str, Any]) -> float:
    seconds = given.pop("silence_s", DEFAULTS["silence_s"])
    if type(seconds) not in (int, float) or seconds <= 0:
        raise BadProfile(f"{source}: {TABLE}.silence_s: positive seconds are needed")
    return float(seconds)


def _flag(source: str, given: dict[str, Any], field: str) -> bool:
    flag = given.pop(field, DEFAULTS[field])
    if type(flag) is not bool:
        raise BadProfile(f"{source}: {TABLE}.{field}: true or false is needed")
    return flag


def _number(source: str, given: dict[str, Any]) -> E164 | None:
    number = given.pop("remote_number", None)
    if number is None:
        return None
    if not isinstance(number, str) or not re.fullmatch(r"\+81[1-9][0-9]{8,9}", number):
        raise BadProfile(f"{source}: {TABLE}.remote_number: a full number is needed, as +81…")
    return E164(number)
