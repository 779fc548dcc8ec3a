"""A freephone decision in words, Japanese and English (FREE-15)."""

from collections.abc import Mapping
from typing import NamedTuple

from ivr.numbering.freephone import AllBusy, Connect, Found, Guidance, OffHours, Outcome, Step
from ivr.numbering.plan import national
from provisioning.contract import E164, TrunkClass


class Words(NamedTuple):
    """A sentence in both languages."""

    ja: str
    en: str


KINDS: Mapping[str, Words] = {
    TrunkClass.FIXED: Words("固定電話", "a fixed telephone"),
    TrunkClass.MOBILE: Words("携帯電話", "a mobile"),
    TrunkClass.PHS: Words("PHS", "a PHS telephone"),
    TrunkClass.IP_PHONE: Words("050 IP電話", "a 050 IP telephone"),
    TrunkClass.INTERNATIONAL: Words("国際電話", "a telephone abroad"),
    TrunkClass.PAYPHONE: Words("公衆電話", "a payphone"),
    TrunkClass.SATELLITE: Words(
        "衛星・船舶・航空機電話", "a satellite, ship or aircraft telephone"
    ),
}

FOUND: Mapping[Found, Words] = {
    Found.KIND_TAKEN: Words("{}からの着信は受けられます", "calls from {} can be taken"),
    Found.KIND_REFUSED: Words("{}からは接続できません", "no freephone number takes calls from {}"),
    Found.MOBILE_REFUSED: Words(
        "{}からの着信を受けない契約です", "the contract takes no calls from {}"
    ),
    Found.AREA_TAKEN: Words("発信地域「{}」は受付対象です", "the origin {} is accepted"),
    Found.AREA_REFUSED: Words("発信地域「{}」は受付対象外です", "the origin {} is not accepted"),
    Found.ROOM_LEFT: Words("番号の同時通話数に空きがあります", "the number has room for a call"),
    Found.ALL_CHANNELS_TAKEN: Words(
        "番号の同時通話数がいっぱいです", "the number has as many calls as it may"
    ),
    Found.GROUP_CHOSEN: Words("着信グループ「{}」へ", "it belongs to the group {}"),
    Found.SHARE_CHOSEN: Words("着信比率により {} の番です", "by the weights it is the turn of {}"),
    Found.LINE_OFF_HOURS: Words("{} は時間外です", "{} is off hours"),
    Found.ALL_OFF_HOURS: Words(
        "すべての着信先が時間外のため、時間外案内を流します",
        "every line is off hours: the off-hours guidance is played",
    ),
    Found.IN_HOURS: Words("{} は受付時間内です", "{} is in hours"),
    Found.CHANGED: Words("受付先を {} に変更しています", "the destination is changed to {}"),
    Found.UNCHANGED: Words("{} の受付先変更は時間外です", "{} keeps its calls at this time"),
    Found.LINE_BUSY: Words("{} は話し中です", "{} is busy"),
    Found.LINE_FREE: Words("{} は空いています", "{} is free"),
    Found.DETOURED: Words("{} に迂回します", "it detours to {}"),
    Found.NOBODY_FREE: Words("空いている着信先がありません", "no line is free"),
    Found.NOT_REACHED: Words("評価していません", "not asked: the call was decided before"),
    Found.NOT_SET: Words("設定がありません", "nothing is set"),
}

OF_A_KIND = frozenset({Found.KIND_TAKEN, Found.KIND_REFUSED, Found.MOBILE_REFUSED})
"""What is found of a kind of telephone, not of a place, group or line."""

REFUSED: Mapping[Guidance, Words] = {
    Guidance.CALLER_KIND: Words(
        "接続規制ガイダンス(この電話からは接続できません)",
        "refused: this kind of telephone cannot call freephone numbers",
    ),
    Guidance.MOBILE: Words(
        "接続規制ガイダンス(携帯電話・PHSからは接続できません)",
        "refused: the contract takes no mobiles or PHS from there",
    ),
    Guidance.AREA: Words(
        "接続規制ガイダンス(おかけの地域からは接続できません)",
        "refused: the contract takes no calls from that area",
    ),
}


def of_step(step: Step) -> Words:
    """What a step found."""
    shown = _shown(step.subject)
    subject = KINDS[step.subject] if step.found in OF_A_KIND else Words(shown, shown)
    ja, en = FOUND[step.found]
    return Words(ja.format(subject.ja or "不明"), en.format(subject.en or "an unknown place"))


def of_outcome(outcome: Outcome) -> Words:
    """What becomes of the call."""
    if isinstance(outcome, Connect):
        line = national(outcome.line)
        return Words(f"{line} に接続します", f"connected to {line}")
    if isinstance(outcome, OffHours):
        return Words("時間外案内を2回流して切断します", "off-hours guidance twice, then hung up")
    if isinstance(outcome, AllBusy):
        return Words("話中音(486)", "busy tone and 486")
    return REFUSED[outcome.guidance]


def _shown(subject: str) -> str:
    return national(E164(subject)) if subject.startswith("+81") else subject
