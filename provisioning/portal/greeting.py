"""The owner's own greeting: a WAV file, chosen or spoken into the browser, and heard again."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response

from provisioning.contract import Greeting, OutOfRange
from provisioning.listening.service import FileKind, SoundFile, answer
from provisioning.portal.visit import Visit
from provisioning.portal.voicemail import box_of, box_page, path_of

FIELD = "sound"


async def upload(visit: Visit) -> Response:
    """Take the words, and choose them."""
    line = (await box_of(visit))[0]
    wav = visit.form.files.get(FIELD, b"")
    if not wav:
        return await box_page(visit, {FIELD: "voicemail.own.missing"})
    try:
        ulaw = await visit.desk.listening.ulaw(wav)
    except OutOfRange:
        return await box_page(visit, {FIELD: "voicemail.own.unreadable"})
    try:
        boxes = visit.desk.office.voicemail.by(visit.origin)
        await boxes.set_greeting(line, Greeting.OWN, ulaw)
    except OutOfRange:
        return await box_page(visit, {FIELD: "voicemail.own.length"})
    return visit.go(f"{path_of(line)}?done=spoken#own")


async def hear(visit: Visit) -> Response:
    """What callers hear, while the owner's own words are chosen."""
    line, kind = (await box_of(visit))[0], visit.request.path_params["kind"]
    ulaw = await visit.desk.office.voicemail.greeting(line)
    if kind not in set(FileKind) or ulaw is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    file = await visit.desk.listening.file(ulaw, FileKind(kind))
    return answer(visit.request, SoundFile.of(file, FileKind(kind), "greeting"))
