"""The customer's voice messages, heard in the browser free of charge, and each box's settings."""

import re
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response

from provisioning.contract import (
    E164,
    CarrierProfile,
    Counts,
    Greeting,
    Mailbox,
    MessageMark,
    NotContracted,
    OutOfRange,
    UnknownVoiceMessage,
    VoicemailRules,
)
from provisioning.listening.service import FileKind, answer
from provisioning.numbers.model import NumberState, national
from provisioning.portal.forms import whole_number
from provisioning.portal.numbers import own_assigned
from provisioning.portal.visit import Visit

_A_PAGE = 1000
"""More numbers than a contract has."""

_PIN = re.compile(r"[0-9]{4}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


async def show_boxes(visit: Visit) -> Response:
    """Every number with voicemail, and how many messages each has."""
    office = visit.desk.office
    page = await office.numbers.list(contract=visit.owner.contract, limit=_A_PAGE)
    boxes: list[tuple[E164, Mailbox, Counts]] = []
    for each in page.items:
        box = await office.voicemail.of(each.number)
        if box is not None and each.state is NumberState.ASSIGNED:
            boxes.append((each.number, box, await office.voicemail.counts(each.number)))
    return visit.page("voicemail", boxes=boxes)


async def show_box(visit: Visit) -> Response:
    """One number's messages, with a player each, and its settings."""
    return await box_page(visit, {}, done=visit.query("done"))


async def change_box(visit: Visit) -> Response:
    """Set what the form says; what was wrong is shown beside it and changes nothing."""
    line, box, _, rules = await box_of(visit)
    choices = {"takes": "yes", **visit.form.fields}
    if not {choices.get("active"), choices["takes"]} <= {"yes", "no"}:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    greeting = visit.form.text("greeting")
    seconds = whole_number(visit.form.text("ring_time"))
    times = rules.ring_times
    if seconds is None or not times.least <= seconds <= times.most:
        return await box_page(visit, {"ring_time": "voicemail.ring_time.wrong"})
    if greeting not in set(Greeting):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    boxes = visit.desk.office.voicemail.by(visit.origin)
    try:
        if greeting != box.greeting:
            await boxes.set_greeting(line, Greeting(greeting))
    except OutOfRange:
        return await box_page(visit, {"greeting": "voicemail.greeting.none"})
    if seconds != box.ring_time_s:
        await boxes.set_ring_time(line, seconds)
    await _switch(visit, line, box)
    return visit.go(f"{path_of(line)}?done=set#settings")


async def _switch(visit: Visit, line: E164, box: Mailbox) -> None:
    """Take messages or none, and calls or none, as the form says."""
    boxes = visit.desk.office.voicemail.by(visit.origin)
    active, takes = visit.form.text("active") == "yes", visit.form.text("takes") != "no"
    if takes != box.takes_messages:
        await boxes.set_taking(line, takes)
    if active and not box.conditions:
        await boxes.start(line)
    elif box.conditions and not active:
        await boxes.stop(line)


async def hear(visit: Visit) -> Response:
    """What a message says, whole or in ranges."""
    line, message = await _own_message(visit)
    kind = visit.request.path_params["kind"]
    if kind not in set(FileKind):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    listening = visit.desk.listening
    async with listening.own(line, message, visit.origin):
        sound = await listening.message(line, message, FileKind(kind))
    return answer(visit.request, sound)


async def mark(visit: Visit) -> Response:
    """Mark a message as heard, or as new again."""
    line, message = await _own_message(visit)
    wanted = visit.form.text("mark")
    if wanted not in set(MessageMark):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    async with visit.desk.listening.own(line, message, visit.origin):
        boxes = visit.desk.office.voicemail.by(visit.origin)
        await boxes.mark(line, message, MessageMark(wanted))
    return visit.go(f"{path_of(line)}?done={wanted}#messages")


async def ask_erase(visit: Visit) -> Response:
    """Whether the message is really to go."""
    line, message = await _own_message(visit)
    async with visit.desk.listening.own(line, message, visit.origin):
        found = await visit.desk.office.voicemail.message(line, message)
    return visit.page("voicemail_erase", line=line, message=found)


async def erase(visit: Visit) -> Response:
    """Erase a message; one that is gone already is no error, as after a second click."""
    line, message = await _own_message(visit)
    listening, boxes = visit.desk.listening, visit.desk.office.voicemail.by(visit.origin)
    async with listening.own(line, message, visit.origin):
        try:
            await boxes.erase(line, message)
        except UnknownVoiceMessage:
            if not await listening.had(line, message):
                raise
    return visit.go(f"{path_of(line)}?done=erased#messages")


async def change_pin(visit: Visit) -> Response:
    """Set the PIN for other phones, which unlocks the box, or take it away."""
    line = (await box_of(visit))[0]
    boxes = visit.desk.office.voicemail.by(visit.origin)
    if "none" in visit.form.fields:
        await boxes.set_pin(line, None)
        return visit.go(f"{path_of(line)}?done=pin-none#pin-settings")
    pin = visit.form.text("pin")
    if not _PIN.fullmatch(pin):
        return await box_page(visit, {"pin": "voicemail.pin.wrong"})
    if visit.form.text("again") != pin:
        return await box_page(visit, {"again": "voicemail.pin.differs"})
    await boxes.set_pin(line, pin)
    return visit.go(f"{path_of(line)}?done=pin#pin-settings")


async def box_page(visit: Visit, errors: dict[str, str], *, done: str = "") -> Response:
    """A box with what is in it and how it is set; what was wrong stands beside its field."""
    line, box, profile, rules = await box_of(visit)
    typed = visit.form.fields
    return visit.page(
        "voicemail_box",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        errors=errors,
        done=done if done in _DONE else "",
        line=line,
        box=box,
        rules=rules,
        hours=rules.keep_s // 3600,
        messages=await visit.desk.office.voicemail.messages(line),
        stops_forwarding="voicemail" in profile.forwarding.start_stops,
        typed={
            "active": typed.get("active", "yes" if box.conditions else "no"),
            "ring_time": typed.get("ring_time", str(box.ring_time_s)),
            "greeting": typed.get("greeting", box.greeting.value),
            "takes": typed.get("takes", "yes" if box.takes_messages else "no"),
        },
    )


_DONE = frozenset({"set", "new", "saved", "erased", "spoken", "pin", "pin-none"})


async def box_of(visit: Visit) -> tuple[E164, Mailbox, CarrierProfile, VoicemailRules]:
    """The box of the number that the path names."""
    office, record = visit.desk.office, await own_assigned(visit)
    box, line = await office.voicemail.of(record.number), office.directory.line(record.number)
    profile = office.profiles.of(line.profile) if line is not None else None
    if box is None or profile is None or profile.voicemail is None:
        raise NotContracted("the number has no voicemail")
    return record.number, box, profile, profile.voicemail


async def _own_message(visit: Visit) -> tuple[E164, str]:
    """The number and the message that the path names."""
    message = visit.request.path_params["message"]
    if not _ID.fullmatch(message):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return (await box_of(visit))[0], message


def path_of(line: E164) -> str:
    """Where a line's box is."""
    return f"/portal/voicemail/{national(line)}"
