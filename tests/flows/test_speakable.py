"""Everything the services say can be said: each prompt with its values, in each language."""

from functools import partial

import pytest

from prompts import script
from prompts.catalogue import Prompt, Speech
from provisioning.contract import E164, Greeting, Line, MessageMark
from tests.support.diversions import unanswered
from tests.support.scripted_call import (
    AU,
    AU_OWNER,
    DOCOMO,
    NTT,
    NTT_PLAIN,
    OWNER,
    Network,
    SpelledVoice,
    SpelledVoices,
)
from tests.support.voicemail_calls import HELLO

CALLS = [
    (DOCOMO, "1429", "1,2,3,+1,9,9"),
    (DOCOMO, "1429", "3,0312345678#,#,1,4,2,4,5,30#"),
    (DOCOMO, "1429", "5,999#,3,05012345678#,#,1,4,3,110#,3,0120123456#"),
    (DOCOMO, "1429", "3,0570123456#,3,01012125551234#,3,09000000001#,3,0#"),
    (DOCOMO, "1421", ""),
    (DOCOMO, "1420", ""),
    (AU, "142205012345678", ""),
    (AU, "14230312345678", ""),
    (AU, "142409012345678", ""),
    (AU, "1420", ""),
    (NTT, "142", "8,1,1,2,0312345678#,1,1,4,8,3,30#,0"),
    (DOCOMO, "000001", ""),
    (DOCOMO, "000003", "1234567890*#"),
    (DOCOMO, "0312345678", ""),
    (DOCOMO, "09000000006", ""),
    (DOCOMO, "110", ""),
    (NTT, "135", "1"),
    (NTT, "135", "0"),
    (NTT, "135", "9"),
    (NTT_PLAIN, "1351", ""),
    (OWNER, "1411", ""),
    (OWNER, "1410", ""),
    (OWNER, "1419", "30#"),
    (OWNER, "1419", "121#"),
    (OWNER, "1417", "65,66,2,66,1,64,3,64,4,4,4"),
    (OWNER, "1414", "1,2,3,#,#"),
    (OWNER, "1415", "1234#,1243#"),
    (OWNER, "1415", "123#"),
    (OWNER, "1415", "1234#,1234#"),
    (AU_OWNER, "1412", ""),
    (AU_OWNER, "1610", ""),
    (AU_OWNER, "1611", ""),
    (AU_OWNER, "141", "1"),
    (AU_OWNER, "141", "9"),
    (AU_OWNER, "1417", "1"),
    (AU_OWNER, "1417", ""),
    (DOCOMO, "05009991417", "09000000007#,1111#,2222#,3333#"),
    (DOCOMO, "141709000000008", "1111#"),
    (DOCOMO, "09000000007", "#,1,#"),
    (DOCOMO, "09000000008", ""),
    (NTT, "09000000007", "#,2"),
]


class RememberingVoice(SpelledVoice):
    """Keeps what it was asked to say."""

    def __init__(self) -> None:
        self.asked: set[tuple[Prompt, tuple[object, ...]]] = set()

    def speech(self, prompt: Prompt, *values: object) -> Speech:
        self.asked.add((prompt, values))
        return super().speech(prompt, *values)


class OneVoice(SpelledVoices):
    def __init__(self) -> None:
        super().__init__()
        self.voice = RememberingVoice()

    def of(self, language: str) -> SpelledVoice:
        return self.voice


async def prepare(net: Network, messages: bool) -> None:
    """Fill the boxes, and set PIN and greeting."""
    boxes = net.mailboxes
    if messages:
        for caller in (DOCOMO.number, None):
            await boxes.leave(OWNER.number, HELLO, caller)
        for line in (OWNER, AU_OWNER):
            await boxes.leave(line.number, HELLO, mark=MessageMark.SAVED)
    await boxes.set_pin(OWNER.number, "1234")
    await boxes.set_greeting(AU_OWNER.number, Greeting.PLAIN)


def said_in(line: Line, dialled: str, keys: str) -> set[tuple[Prompt, tuple[object, ...]]]:
    voices = OneVoice()
    net = Network(voices=voices)
    net.forwarding.rows[DOCOMO.number] = unanswered(target=E164("+819011112222"))
    net.dial(
        line,
        dialled,
        keys,
        says=dict.fromkeys((6, 20.6), HELLO),
        prepare=partial(prepare, net, bool(keys)),
    )
    return voices.voice.asked


@pytest.mark.parametrize("language", script.LANGUAGES)
@pytest.mark.parametrize(("line", "dialled", "keys"), CALLS)
def test_each_sentence_of_a_call_can_be_composed(
    language: str, line: Line, dialled: str, keys: str
) -> None:
    words = script.load(language)
    sentences = said_in(line, dialled, keys)
    assert sentences
    for prompt, values in sentences:
        assert words.compose(prompt, values).text


OF_LINE_CALLS = {
    Prompt.TALKIE_VOICEMAIL_FULL,
    Prompt.TALKIE_VOICEMAIL_AWAY,
    Prompt.TALKIE_VOICEMAIL_TAKES_NONE,
    Prompt.CALL_FORWARDED,
    Prompt.TALKIE_UNREACHABLE,
    Prompt.TALKIE_CONGESTED,
    Prompt.TALKIE_NO_ANSWER,
    Prompt.TALKIE_FORWARDING_LOOP,
}
"""Said by no service (see test_line_call and test_forwarded_call); none takes a value."""
OF_FREEPHONE_CALLS = {prompt for prompt in Prompt if prompt.value.startswith("freephone.")}
"""Said in calls to contracted numbers (see test_freephone_call)."""
ON_FAILURE = {
    Prompt.NOT_CONTRACTED,
    Prompt.TRY_LATER,
    Prompt.GREETING_REFUSED,
    Prompt.PIN_LOCKED,
    Prompt.VOICEMAIL_CUT_SHORT,
    Prompt.VOICEMAIL_OUT_OF_REACH,
}
"""Said only when something fails; none takes a value."""


def test_the_calls_above_say_all_there_is_to_say() -> None:
    heard = {prompt for call in CALLS for prompt, _ in said_in(*call)}
    assert heard == set(Prompt) - OF_LINE_CALLS - OF_FREEPHONE_CALLS - ON_FAILURE
