"""A forwarded call that another carrier sends back as a new one, of whose way nothing is told.

The whole network but its sockets, on virtual time: FWD-06's limit ends it, not a cap or a timer.
"""

import pytest

from ivr.call.limits import CallLimits
from prompts.catalogue import Prompt
from provisioning.contract import E164, Trunk, TrunkClass
from tests.support.diversions import unanswered
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import Network
from tests.support.text_phone import OFFER, TextCaller, TextPhone
from tests.support.virtual_exchange import ACCOUNT, LINE, VirtualExchange, pass_, play
from tests.support.wire import Message

OUT = Trunk("out", TrunkClass.FIXED, ("192.0.2.101:5060",), prefixes=("0", "+"))
MOST = 3


class Mirror(TextPhone):
    """Another carrier where the number has a forwarding of its own: back to our line."""

    def __init__(self, exchange: VirtualExchange) -> None:
        super().__init__(exchange, ("192.0.2.101", 5060), "UDP")
        self.exchange = exchange
        self.callers: dict[str, TextCaller] = {}
        self.acts["INVITE"] = self.reflect

    def reflect(self, invite: Message) -> None:
        """Call the line anew, and give its answers back: 183 with sound, then the final one."""
        call_id = invite.get("Call-ID")
        if call_id in self.callers:
            return
        caller = self.callers[call_id] = TextCaller(self.exchange)
        took, finals = caller.take, list[int]()

        def take(message: Message) -> None:
            took(message)
            status = message.status or 0
            if message.method == "INVITE" and status > 100 and not finals:
                if status >= 200:
                    finals.append(status)
                self.reply(invite, status, sdp=OFFER if status == 183 else "")

        caller.take = take  # type: ignore[method-assign]
        caller.dial()


@pytest.mark.rule("FWD-06")
def test_it_ends_with_the_talkie_after_as_many_rounds_as_forwardings_are_allowed() -> None:
    ended: list[Message] = []
    mirrors: list[Mirror] = []

    async def scene(exchange: VirtualExchange) -> None:
        exchange.trunks.put(OUT, None)
        mirrors.append(Mirror(exchange))
        network = Network(
            InMemoryForwarding([LINE]),
            directory=InMemoryDirectory([LINE], [ACCOUNT]),
            trunks=exchange.trunks,
            limits=CallLimits(forwardings=MOST),
        )
        network.forwarding.rows[LINE.number] = unanswered(True, E164("+81398765432"), 0)
        incoming = network.incoming()

        async def serve(leg: object) -> None:
            await incoming.serve(leg, exchange.notes)  # type: ignore[arg-type]

        exchange.serve = serve
        caller = exchange.caller()
        await pass_(100)
        ended.extend(m for m in caller.got if m.method == "INVITE" and (m.status or 0) >= 200)

    exchange = play(scene)
    assert {message.status for message in ended} == {480}
    assert len(mirrors[0].callers) == MOST
    told = [facts["prompt"] for facts in exchange.events.of("prompt.started")]
    assert set(told) == {Prompt.CALL_FORWARDED.value, Prompt.TALKIE_FORWARDING_LOOP.value}
    assert {record.answered_at for record in exchange.records.all} == {None}
