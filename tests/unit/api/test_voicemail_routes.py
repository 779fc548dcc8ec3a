"""`/v1/voicemail` over HTTP: boxes, messages heard whole and in ranges, and who may do what."""

import io
import wave

import httpx2
import numpy as np
import pytest

from ivr.media.g711 import decode_ulaw, encode_ulaw
from ivr.store.export import SoundFiles
from provisioning.contract import E164, Greeting, MessageMark, PinVerdict
from provisioning.office import Office
from provisioning.tokens.model import Scope
from provisioning.upkeep.model import LineChanges
from tests.support.storage import AU, DOCOMO, NTT
from tests.unit.api.conftest import OPERATOR, Clients

BOX = "/v1/voicemail/09000000001"
MESSAGES = f"{BOX}/messages"
WAV = {"Content-Type": "audio/wav"}
NOBODYS = "00000000-0000-4000-8000-000000000000"


def tone(seconds: float = 1.0, hz: float = 440.0) -> bytes:
    instants = np.arange(int(seconds * 8000)) / 8000
    return encode_ulaw((np.sin(2 * np.pi * hz * instants) * 9000).astype(np.int16))


async def leave(office: Office, line: E164 = DOCOMO, sound: bytes | None = None) -> str:
    """A caller's message; its id."""
    deposit = await office.voicemail.deposit(line, "+81312345678", f"call {id(sound)}")
    deposit.write(sound or tone())
    kept = await deposit.keep()
    assert kept is not None
    return kept.id


@pytest.fixture
async def boxed(office: Office) -> Office:
    """An office whose docomo and au lines contract voicemail."""
    for line in (DOCOMO, AU):
        await office.upkeep.change(
            line, LineChanges(options=frozenset({"voicemail"})), origin=OPERATOR
        )
    return office


@pytest.fixture
async def message(boxed: Office) -> str:
    return await leave(boxed)


class TestBoxes:
    async def test_a_box_is_shown_as_it_is_set(self, api: httpx2.AsyncClient, message: str) -> None:
        shown = (await api.get(BOX)).json()
        assert shown == {
            "line": DOCOMO,
            "active": True,
            "conditions": ["unreachable", "busy", "no_answer"],
            "ring_time_s": 15,
            "greeting": "number",
            "has_pin": False,
            "remote_locked": False,
            "takes_messages": True,
            "new": 1,
            "saved": 0,
        }

    async def test_it_is_stopped_and_started(self, api: httpx2.AsyncClient, boxed: Office) -> None:
        stopped = await api.put(f"{BOX}/service", json={"active": False})
        assert (stopped.json()["active"], stopped.json()["conditions"]) == (False, [])
        some = {"active": True, "conditions": ["busy"]}
        assert (await api.put(f"{BOX}/service", json=some)).json()["conditions"] == ["busy"]
        whole = (await api.put(f"{BOX}/service", json={"active": True})).json()
        assert whole["conditions"] == ["unreachable", "busy", "no_answer"]
        changes = await boxed.audit.of(DOCOMO)
        assert changes[0].who == "api"

    async def test_ring_time_and_greeting_are_set(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        assert (await api.put(f"{BOX}/ring-time", json={"seconds": 30})).json()["ring_time_s"] == 30
        too_long = await api.put(f"{BOX}/ring-time", json={"seconds": 121})
        assert (too_long.status_code, too_long.json()["type"].split(":")[-1]) == (
            422,
            "out-of-range",
        )
        plain = await api.put(f"{BOX}/greeting", json={"greeting": "plain"})
        assert plain.json()["greeting"] == "plain"
        own = await api.put(f"{BOX}/greeting", json={"greeting": "own"})
        assert own.status_code == 422, "there is none yet"

    async def test_docomo_takes_messages_whenever_it_is_on(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        taking = f"{BOX}/taking"
        assert (await api.put(taking, json={"takes_messages": True})).status_code == 200
        refused = await api.put(taking, json={"takes_messages": False})
        assert refused.status_code == 422
        assert (await api.get(BOX)).json()["takes_messages"] is True

    @pytest.mark.parametrize("content_type", ["audio/wav", "audio/x-wav; x=1"])
    async def test_a_greeting_is_uploaded_and_heard(
        self, api: httpx2.AsyncClient, boxed: Office, content_type: str
    ) -> None:
        assert (await api.get(f"{BOX}/greeting/sound.wav")).status_code == 404
        words = tone(2.0, 800.0)
        sent = await api.put(
            f"{BOX}/greeting/own",
            content=SoundFiles().wav(words),
            headers={"Content-Type": content_type},
        )
        assert sent.json()["greeting"] == "own"
        assert await boxed.voicemail.greeting(DOCOMO) == words
        heard = await api.get(f"{BOX}/greeting/sound.wav")
        assert heard.content == SoundFiles().wav(words)
        await api.put(f"{BOX}/greeting", json={"greeting": "number"})
        assert (await api.get(f"{BOX}/greeting/sound.wav")).status_code == 404
        assert (await boxed.voicemail.of(DOCOMO)).greeting is Greeting.NUMBER  # type: ignore[union-attr]

    async def test_what_is_no_greeting_is_refused(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        own = f"{BOX}/greeting/own"
        for content, headers, status in (
            (b"ID3", WAV, 422),
            (b"", WAV, 422),
            (SoundFiles().wav(tone(0.01)), WAV, 422),
            (SoundFiles().wav(tone(200.0)), WAV, 422),
            (SoundFiles().wav(tone()), {"Content-Type": "audio/mpeg"}, 415),
            (b"{}", {"Content-Type": "application/json"}, 415),
            (bytes(12_582_913), WAV, 413),
        ):
            refused = await api.put(own, content=content, headers=headers)
            assert refused.status_code == status, refused.text
        assert await boxed.voicemail.greeting(DOCOMO) is None

    async def test_a_pin_is_set_and_a_box_unlocked(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        assert (await api.put(f"{BOX}/pin", json={"pin": "4711"})).json()["has_pin"] is True
        for wrong in ("0000", "1111", "2222", "3333"):
            await boxed.voicemail.check_pin(DOCOMO, wrong)
        assert (await api.get(BOX)).json()["remote_locked"] is True
        assert (await api.post(f"{BOX}/unlock")).json()["remote_locked"] is False
        assert await boxed.voicemail.check_pin(DOCOMO, "4711") is PinVerdict.RIGHT
        assert (await api.put(f"{BOX}/pin", json={"pin": None})).json()["has_pin"] is False
        for bad in ("123", "12345", "12a4", 1234):
            assert (await api.put(f"{BOX}/pin", json={"pin": bad})).status_code == 422
        kept = "".join(f"{each.before}{each.after}" for each in await boxed.audit.of(DOCOMO))
        assert "4711" not in kept

    async def test_a_line_without_voicemail_has_no_box(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        for path in ("", "/messages", f"/messages/{NOBODYS}"):
            refused = await api.get(f"/v1/voicemail/0300000003{path}")
            assert (refused.status_code, refused.json()["type"].split(":")[-1]) == (
                409,
                "not-contracted",
            )
        assert (await api.get("/v1/voicemail/09099999999")).status_code == 404


class TestMessages:
    async def test_they_are_listed_shown_marked_and_erased(
        self, api: httpx2.AsyncClient, boxed: Office, message: str
    ) -> None:
        second = await leave(boxed, sound=tone(2.5))
        listed = (await api.get(MESSAGES)).json()["items"]
        assert [each["id"] for each in listed] == [message, second]
        assert (listed[1]["seconds"], listed[1]["caller"]) == (2.5, "+81312345678")
        assert (listed[0]["mark"], listed[0]["interrupted"]) == ("new", False)
        one = f"{MESSAGES}/{message}"
        assert (await api.get(one)).json() == listed[0]
        marked = await api.patch(one, json={"mark": "saved"})
        assert marked.json() == listed[0] | {"mark": "saved"}
        assert [each["id"] for each in (await api.get(MESSAGES)).json()["items"]] == [
            second,
            message,
        ]
        assert (await api.patch(one, json={"mark": "lost"})).status_code == 422
        assert (await api.delete(one)).status_code == 204
        assert (await api.get(one)).status_code == 404
        assert (await boxed.voicemail.counts(DOCOMO)) == (1, 0)
        whats = [change.what for change in await boxed.audit.of(DOCOMO)]
        assert {"voice message marked saved", "voice message erased"} <= set(whats)

    @pytest.mark.rule("VM-06")
    async def test_hearing_one_makes_no_call_and_no_charge(
        self, api: httpx2.AsyncClient, boxed: Office, message: str
    ) -> None:
        assert (await api.get(f"{MESSAGES}/{message}/sound.wav")).status_code == 200
        assert (await api.get(f"{MESSAGES}/{message}/sound.mp3")).status_code == 200
        assert (await api.get("/v1/cdrs")).json()["items"] == []
        assert (await boxed.voicemail.message(DOCOMO, message)).mark is MessageMark.NEW

    async def test_a_message_of_another_line_is_none_and_that_is_noted(
        self, api: httpx2.AsyncClient, boxed: Office, message: str
    ) -> None:
        other = f"/v1/voicemail/09000000004/messages/{message}"
        asked = [
            await api.get(other),
            await api.get(f"{other}/sound.wav"),
            await api.patch(other, json={"mark": "saved"}),
            await api.delete(other),
        ]
        assert [each.status_code for each in asked] == [404] * 4
        assert {each.json()["type"].split(":")[-1] for each in asked} == {"unknown-message"}
        noted = await boxed.audit.of(AU)
        assert [(each.what, each.after, each.who) for each in noted[:4]] == [
            ("unknown voice message asked for", message, "api")
        ] * 4
        assert (await boxed.voicemail.message(DOCOMO, message)).mark is MessageMark.NEW

    async def test_an_id_that_is_none_is_refused(
        self, api: httpx2.AsyncClient, boxed: Office
    ) -> None:
        for bad in ("1", NOBODYS.upper().replace("0", "A"), f"{NOBODYS}x", "..%2F..%2Fetc"):
            assert (await api.get(f"{MESSAGES}/{bad}/sound.wav")).status_code in (404, 422)
        assert (await api.get(f"{MESSAGES}/{NOBODYS}/sound.ogg")).status_code == 422
        assert (await api.get(f"{MESSAGES}/{NOBODYS}")).status_code == 404


class TestHearing:
    @pytest.fixture
    def wav(self, message: str) -> str:
        return f"{MESSAGES}/{message}/sound.wav"

    async def test_the_whole_as_wav(self, api: httpx2.AsyncClient, wav: str) -> None:
        heard = await api.get(wav)
        assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/wav")
        assert heard.headers["accept-ranges"] == "bytes"
        assert "no-cache" in heard.headers["cache-control"]
        with wave.open(io.BytesIO(heard.content)) as opened:
            assert opened.getparams()[:4] == (1, 2, 8000, 8000)
            samples = np.frombuffer(opened.readframes(8000), "<i2")
        assert np.array_equal(samples, decode_ulaw(tone()))

    async def test_the_whole_as_mp3(self, api: httpx2.AsyncClient, wav: str) -> None:
        heard = await api.get(wav.replace(".wav", ".mp3"))
        assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/mpeg")
        assert heard.content[:2] == b"\xff\xf3"
        assert heard.headers["content-disposition"].endswith('.mp3"')

    async def test_a_range(self, api: httpx2.AsyncClient, wav: str) -> None:
        whole = (await api.get(wav)).content
        for asked, first, last in (
            ("bytes=0-99", 0, 99),
            ("bytes=16000-", 16000, 16043),
            ("bytes=-10", 16034, 16043),
        ):
            heard = await api.get(wav, headers={"Range": asked})
            assert heard.status_code == 206
            assert heard.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
            assert heard.content == whole[first : last + 1]
        heard = await api.get(wav, headers={"Range": "bytes=16044-"})
        assert (heard.status_code, heard.headers["content-range"]) == (416, "bytes */16044")

    async def test_conditions(self, api: httpx2.AsyncClient, wav: str) -> None:
        etag = (await api.get(wav)).headers["etag"]
        part = {"Range": "bytes=0-9"}
        assert (await api.get(wav, headers=part | {"If-Range": etag})).status_code == 206
        assert (await api.get(wav, headers=part | {"If-Range": '"other"'})).status_code == 200
        known = await api.get(wav, headers=part | {"If-None-Match": f'"a", {etag}'})
        assert (known.status_code, known.content) == (304, b"")
        mp3 = await api.get(wav.replace(".wav", ".mp3"))
        assert mp3.headers["etag"] != etag

    async def test_only_the_head(self, api: httpx2.AsyncClient, wav: str) -> None:
        head = await api.head(wav, headers={"Range": "bytes=0-9"})
        assert (head.status_code, head.headers["content-length"]) == (200, "16044")
        assert head.content == b""


class TestRights:
    @pytest.mark.parametrize(
        ("scopes", "listing", "hearing", "erasing"),
        [
            ({Scope.VOICEMAIL_READ}, 200, 403, 403),
            ({Scope.VOICEMAIL_SOUND}, 403, 200, 403),
            ({Scope.VOICEMAIL_WRITE}, 200, 403, 204),
            ({Scope.LINES_WRITE, Scope.MESSAGES_TEXT}, 403, 403, 403),
        ],
    )
    async def test_reading_hearing_and_changing_are_rights_of_their_own(
        self,
        clients: Clients,
        boxed: Office,
        message: str,
        scopes: set[Scope],
        listing: int,
        hearing: int,
        erasing: int,
    ) -> None:
        made = await boxed.tokens.create("test", scopes, origin=OPERATOR)
        async with clients("192.0.2.7", made.secret) as client:
            assert (await client.get(MESSAGES)).status_code == listing
            for path in (f"{MESSAGES}/{message}/sound.mp3", f"{MESSAGES}/{message}/sound.wav"):
                assert (await client.get(path)).status_code == hearing
            assert (await client.delete(f"{MESSAGES}/{message}")).status_code == erasing

    async def test_strangers_hear_nothing(self, clients: Clients, message: str) -> None:
        async with clients("192.0.2.7") as client:
            for path in ("", "/sound.wav"):
                assert (await client.get(f"{MESSAGES}/{message}{path}")).status_code == 401

    async def test_a_line_removed_takes_its_messages_along(
        self, api: httpx2.AsyncClient, boxed: Office, message: str
    ) -> None:
        assert (await api.delete("/v1/lines/09000000001")).status_code == 204
        assert (await api.get(f"{MESSAGES}/{message}")).status_code == 404


async def test_a_line_that_never_had_it_stays_without(boxed: Office) -> None:
    assert await boxed.voicemail.of(NTT) is None
