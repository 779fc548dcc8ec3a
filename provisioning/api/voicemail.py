"""`/v1/voicemail`: boxes, messages and greetings; hearing them here is free (VM-06)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from provisioning.api.asking import Asker, Here
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.lines import Known
from provisioning.api.voicemail_shapes import (
    BoxShape,
    GreetingShape,
    MarkShape,
    PinShape,
    RingTimeShape,
    SwitchShape,
    TakingShape,
    VoiceMessageShape,
    VoiceMessagesShape,
)
from provisioning.contract import (
    E164,
    Greeting,
    NotContracted,
    OutOfRange,
    UnknownLine,
    UnknownMessage,
)
from provisioning.listening.service import MEDIA_TYPES, FileKind, Listening, SoundFile, answer
from provisioning.office import Office

router = APIRouter(prefix="/v1/voicemail", tags=["voicemail"], route_class=KeyedRoute)

Id = Annotated[
    str,
    Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A message's UUID."),
]

_NO_BOX = refusals(UnknownLine, NotContracted)
_REFUSABLE = refusals(UnknownLine, NotContracted, OutOfRange)
_OF_MESSAGE = refusals(UnknownLine, UnknownMessage, NotContracted)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_SOUND: dict[int | str, dict[str, Any]] = {
    status: {"description": said, "content": dict.fromkeys(MEDIA_TYPES.values(), _BINARY)}
    for status, said in ((200, "The whole sound"), (206, "The range that was asked for"))
}
_SOUND |= {304: {"description": "As known"}, 416: {"description": "No such range"}}
_UPLOAD = {"requestBody": {"required": True, "content": {"audio/wav": _BINARY}}}


def _listening(request: Request) -> Listening:
    listening: Listening = request.app.state.listening
    return listening


Sounds = Annotated[Listening, Depends(_listening)]


@router.get("/{number}", responses=_NO_BOX)
async def show_voicemail(office: Here, line: Known) -> BoxShape:
    """How the line's voicemail is set, and how many messages it has."""
    return await _box(office, line.number)


@router.put("/{number}/service", responses=_REFUSABLE)
async def switch_voicemail(
    office: Here, line: Known, asker: Asker, wanted: SwitchShape
) -> BoxShape:
    """Start or stop it; what is started may stop forwarding (FWD-09)."""
    boxes = office.voicemail.by(asker)
    if wanted.active:
        await boxes.start(line.number, wanted.conditions)
    else:
        await boxes.stop(line.number)
    return await _box(office, line.number)


@router.put("/{number}/ring-time", responses=_REFUSABLE)
async def set_voicemail_ring_time(
    office: Here, line: Known, asker: Asker, wanted: RingTimeShape
) -> BoxShape:
    """Say how long the phone rings first."""
    await office.voicemail.by(asker).set_ring_time(line.number, wanted.seconds)
    return await _box(office, line.number)


@router.put("/{number}/taking", responses=_REFUSABLE)
async def let_callers_leave_messages(
    office: Here, line: Known, asker: Asker, wanted: TakingShape
) -> BoxShape:
    """Record callers from now on, or greet them only."""
    await office.voicemail.by(asker).set_taking(line.number, wanted.takes_messages)
    return await _box(office, line.number)


@router.put("/{number}/greeting", responses=_REFUSABLE)
async def choose_greeting(
    office: Here, line: Known, asker: Asker, wanted: GreetingShape
) -> BoxShape:
    """Choose what callers hear; `own` once there is one."""
    await office.voicemail.by(asker).set_greeting(line.number, wanted.greeting)
    return await _box(office, line.number)


@router.put("/{number}/greeting/own", responses=_REFUSABLE, openapi_extra=_UPLOAD)
async def upload_greeting(
    request: Request, office: Here, sounds: Sounds, line: Known, asker: Asker
) -> BoxShape:
    """Take the owner's own words, a WAV file of any rate, and choose them."""
    ulaw = await sounds.ulaw(await request.body())
    await office.voicemail.by(asker).set_greeting(line.number, Greeting.OWN, ulaw)
    return await _box(office, line.number)


@router.get(
    "/{number}/greeting/sound.{kind}",
    response_class=Response,
    responses={**_SOUND, **_OF_MESSAGE},
)
async def hear_greeting(
    request: Request, office: Here, sounds: Sounds, line: Known, kind: FileKind
) -> Response:
    """The owner's own greeting, while it is chosen."""
    ulaw = await office.voicemail.greeting(line.number)
    if ulaw is None:
        raise UnknownMessage(f"{line.number} has chosen no greeting of its own")
    return answer(request, SoundFile.of(await sounds.file(ulaw, kind), kind, "greeting"))


@router.put("/{number}/pin", responses=_REFUSABLE)
async def set_pin(office: Here, line: Known, asker: Asker, wanted: PinShape) -> BoxShape:
    """Set the PIN for other phones and unlock the box, or take it away."""
    await office.voicemail.by(asker).set_pin(line.number, wanted.pin)
    return await _box(office, line.number)


@router.post("/{number}/unlock", responses=_NO_BOX)
async def unlock(office: Here, line: Known, asker: Asker) -> BoxShape:
    """Let other phones try the PIN again."""
    await office.voicemail.by(asker).unlock(line.number)
    return await _box(office, line.number)


@router.get("/{number}/messages", responses=_NO_BOX)
async def list_voice_messages(office: Here, line: Known) -> VoiceMessagesShape:
    """Every message of the box, in the order in which 1417 plays them."""
    found = await office.voicemail.messages(line.number)
    return VoiceMessagesShape(items=[VoiceMessageShape.of(each) for each in found])


@router.get("/{number}/messages/{message}", responses=_OF_MESSAGE)
async def show_voice_message(
    office: Here, sounds: Sounds, line: Known, asker: Asker, message: Id
) -> VoiceMessageShape:
    """One message."""
    async with sounds.own(line.number, message, asker):
        return VoiceMessageShape.of(await office.voicemail.message(line.number, message))


@router.patch("/{number}/messages/{message}", responses=_OF_MESSAGE)
async def mark_voice_message(
    office: Here, sounds: Sounds, line: Known, asker: Asker, message: Id, wanted: MarkShape
) -> VoiceMessageShape:
    """Mark it as heard, or as new again; its time does not change."""
    boxes = office.voicemail.by(asker)
    async with sounds.own(line.number, message, asker):
        return VoiceMessageShape.of(await boxes.mark(line.number, message, wanted.mark))


@router.delete("/{number}/messages/{message}", status_code=204, responses=_OF_MESSAGE)
async def erase_voice_message(
    office: Here, sounds: Sounds, line: Known, asker: Asker, message: Id
) -> None:
    """Erase it from disk and database."""
    async with sounds.own(line.number, message, asker):
        await office.voicemail.by(asker).erase(line.number, message)


@router.head("/{number}/messages/{message}/sound.{kind}", include_in_schema=False)
@router.get(
    "/{number}/messages/{message}/sound.{kind}",
    response_class=Response,
    responses={**_SOUND, **_OF_MESSAGE},
)
async def hear_voice_message(
    request: Request, sounds: Sounds, line: Known, asker: Asker, message: Id, kind: FileKind
) -> Response:
    """What it says, as WAV or MP3, whole or in ranges; no charge and no mark comes of it."""
    async with sounds.own(line.number, message, asker):
        sound = await sounds.message(line.number, message, kind)
    return answer(request, sound)


async def _box(office: Office, line: E164) -> BoxShape:
    box = await office.voicemail.of(line)
    if box is None:
        raise NotContracted(f"{line} has no voicemail")
    return BoxShape.of(line, box, await office.voicemail.counts(line))
