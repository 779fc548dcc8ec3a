"""A call that is over leaves nothing for the garbage collector (a full collection stalls media)."""

import asyncio
import gc
import weakref

import pytest

from ivr.flows.incoming import Incoming
from provisioning.contract import Diversion, Diversions, Line
from tests.support.scripted_call import AU, DOCOMO, NTT, RAKUTEN, Caller, EventLog, Network
from tests.support.scripted_leg import ScriptedLeg, account_of
from tests.support.scripted_party import ScriptedParty, behaves
from tests.support.virtual_loop import run_virtually

PHONES = {
    "0300000003": behaves(answers_s=2),
    "09000000004": behaves(),
    "0300000005": behaves(refuses=486),
}
"""One is answered, one rings, one is busy."""
FORWARDING = {
    RAKUTEN.number: Diversions(unreachable=Diversion(True, AU.number)),
    AU.number: Diversions(no_answer=Diversion(True, NTT.number), ring_time_s=2),
}


@pytest.mark.parametrize("hang_up_after_s", [1.0, 5.0, 3600.0], ids=["hears", "thinks", "stays"])
@pytest.mark.parametrize(
    ("line", "dialled", "keys"),
    [
        (DOCOMO, "1429", "3,0312345678#,#,1,4"),
        (DOCOMO, "0312345678", ""),
        (DOCOMO, "000001", ""),
        (NTT, "1351", ""),
        (DOCOMO, "0300000003", ""),
        (DOCOMO, "09000000004", ""),
        (DOCOMO, "0300000005", ""),
        (DOCOMO, "09000000002", ""),
    ],
)
def test_a_leg_is_freed_when_its_call_is_over(
    line: Line, dialled: str, keys: str, hang_up_after_s: float
) -> None:
    async def serve(incoming: Incoming) -> weakref.ref[ScriptedLeg]:
        leg = ScriptedLeg(account_of(line.number), dialled)
        leg.parties = {user: ScriptedParty(script) for user, script in PHONES.items()}
        Caller(leg, keys)
        call = asyncio.ensure_future(incoming.serve(leg, EventLog()))
        hang_up = asyncio.get_running_loop().call_later(hang_up_after_s, call.cancel)
        await asyncio.wait([call])
        hang_up.cancel()
        leg.on_silence = None
        return weakref.ref(leg)

    async def main() -> None:
        net = Network()
        net.forwarding.rows.update(FORWARDING)
        gone = await serve(net.incoming())
        await asyncio.sleep(60)  # virtual: the caller's own timers run out
        assert gone() is None

    gc.disable()
    try:
        run_virtually(main())
    finally:
        gc.enable()
