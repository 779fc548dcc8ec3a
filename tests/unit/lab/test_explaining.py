"""What would happen to a call of any number: the answer goes the way a call would (FREE-15)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.areas import packaged
from lab.explaining import Explainer
from lab.explanation import Asked, Explanation
from provisioning.contract import (
    E164,
    NATION,
    Condition,
    Freephone,
    FreephoneOption,
    Group,
    LineStatus,
    Reception,
    Trunk,
    TrunkClass,
)
from provisioning.freephone.document import FreephoneDocument
from provisioning.office import Office, OfficeSettings
from provisioning.upkeep.model import LineChanges
from tests.support.orders import OPERATOR, contract
from tests.support.storage import AU, DOCOMO, NTT, RAKUTEN, REALM, binding, seed

FREEPHONE = E164("+81120000003")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = OfficeSettings(tmp_path / "data", REALM, geography=packaged().geography)
    opened = await Office.open(settings)
    try:
        await opened.seed(seed())
        yield opened
    finally:
        await opened.close()


async def explained(office: Office, caller: str, dialled: str, *busy: E164) -> Explanation:
    explainer = Explainer(office, packaged())
    return await explainer.explain(Asked(caller, dialled, busy=frozenset(busy)))


async def told(office: Office, caller: str, dialled: str, *busy: E164) -> tuple[str, list[str]]:
    """What becomes of the call, and what the steps found; one of them decided."""
    found = await explained(office, caller, dialled, *busy)
    assert [step.decided for step in found.steps].count(True) == 1
    assert all(step.words.ja and step.words.en for step in found.steps)
    return found.end.name, [step.found for step in found.steps]


async def contracted(office: Office, *receptions: Reception, capacity: int | None = None) -> None:
    """The freephone number is contracted, and leads to the first of these lines."""
    payer = await contract(office)
    group = Group("all", (NATION,), receptions[0].line)
    options = frozenset({FreephoneOption.SEVERAL_LINES, FreephoneOption.DETOUR})
    one = Freephone(FREEPHONE, (group,), receptions, options, capacity=capacity)
    setup = FreephoneDocument.of(one)
    await office.freephones.create(FREEPHONE, payer.id, setup, origin=OPERATOR)


@pytest.mark.rule("FREE-15")
@pytest.mark.parametrize(
    ("caller", "dialled", "end", "steps"),
    [
        ("09000000001", "1429", "Service", ["short", "service"]),
        ("0300000003", "1429", "Unassigned", ["short", "unassigned"]),
        ("09000000001", "119", "Emergency", ["emergency", "emergency"]),
        ("09000000001", "0399999999", "Unassigned", ["fixed", "unassigned"]),
        ("09000000001", "0120999999", "Unassigned", ["freephone", "unassigned"]),
        ("09000000001", "+12125550100", "OtherNetwork", ["international", "othernetwork"]),
        ("09000000001", "09000000002", "SuspendedLine", ["mobile", "suspendedline"]),
        ("09000000002", "0300000003", "SuspendedCaller", ["fixed", "suspendedcaller"]),
        ("09000000001", "09000000001", "Busy", ["mobile", "busy"]),
        ("09000000001", "1840300000003", "Unreachable", ["prefix", "fixed", "unreachable"]),
        ("0612345678", "1429", "Unassigned", ["short", "unassigned"]),
        ("0612345678", "0300000003", "Unreachable", ["fixed", "unreachable"]),
    ],
)
async def test_any_number_is_answered(
    office: Office, caller: str, dialled: str, end: str, steps: list[str]
) -> None:
    assert await told(office, caller, dialled) == (end, steps)


async def test_another_carrier_takes_its_numbers(office: Office) -> None:
    trunk = Trunk("osaka", TrunkClass.FIXED, peers=("192.0.2.7:5060",), prefixes=("06",))
    await office.trunking.create(trunk, origin=OPERATOR)
    assert await told(office, "09000000001", "0612345678") == ("ToTrunk", ["fixed", "trunk"])
    assert (await told(office, "0699999999", "0612345678"))[0] == "Unassigned"


async def test_a_registered_phone_rings_and_what_comes_after_is_foretold(office: Office) -> None:
    await office.bindings.save("au", (replace(binding(), expires_at=4e9),))
    await office.forwarding.set_target(AU, DOCOMO)
    await office.forwarding.start(AU, [Condition.CFB])
    assert await told(office, "09000000001", "09000000004") == (
        "AssignedLine",
        ["mobile", "rings", "busy"],
    )
    found = await explained(office, "0300000003", "09000000004")
    assert found.end.line == AU
    end, steps = await told(office, "0300000003", "09000000004", AU)
    assert (end, steps) == ("Unreachable", ["mobile", "busy", "unreachable"])


async def test_a_circle_of_forwardings_is_told(office: Office) -> None:
    for line, to, condition in ((AU, DOCOMO, Condition.CFU), (DOCOMO, AU, Condition.CFNR)):
        await office.forwarding.set_target(line, to)
        await office.forwarding.start(line, [condition])
    end, steps = await told(office, "0300000003", "09000000004")
    assert (end, steps) == ("Loop", ["mobile", "always", "no_answer", "loop"])


async def test_voicemail_takes_the_call_of_a_line_that_has_it(office: Office) -> None:
    options = LineChanges(options=frozenset({"voicemail"}))
    await office.upkeep.change(AU, options, origin=OPERATOR)
    await office.voicemail.start(AU, [Condition.CFU])
    assert await told(office, "0300000003", "09000000004") == ("Voicemail", ["mobile", "voicemail"])


async def test_the_link_app_rings_and_its_calls_are_not_forwarded(office: Office) -> None:
    await office.upkeep.change(RAKUTEN, LineChanges(status=LineStatus.ACTIVE), origin=OPERATOR)
    await office.forwarding.set_target(RAKUTEN, DOCOMO)
    await office.forwarding.start(RAKUTEN, [Condition.CFU])
    assert (await told(office, "0300000003", "09000000002"))[1][1] == "always"
    await office.bindings.save("rakuten-link", (replace(binding(), expires_at=4e9),))
    assert (await told(office, "0300000003", "09000000002"))[0] == "AssignedLine"


async def test_who_is_suspended_reaches_no_freephone_number(office: Office) -> None:
    await contracted(office, Reception(NTT))
    assert (await told(office, "09000000002", "0120000003"))[0] == "SuspendedCaller"
    assert (await told(office, "09000000001", "0120000003"))[0] == "Connect"


@pytest.mark.rule("FREE-15")
@pytest.mark.rule("FREE-14")
async def test_a_line_that_calls_a_number_of_its_own_is_busy(office: Office) -> None:
    await contracted(office, Reception(NTT))
    assert (await told(office, "0300000003", "0120000003"))[0] == "AllBusy"


@pytest.mark.rule("FREE-15")
async def test_what_becomes_of_a_freephone_call_at_its_line_is_told(office: Office) -> None:
    await contracted(office, Reception(NTT, detours=(AU,)), Reception(AU))
    nobody = await explained(office, "09000000001", "0120000003")
    assert (nobody.end.name, nobody.end.line) == ("Connect", NTT)
    assert nobody.end.words.en == (
        "connected to 0300000003: no phone of 0300000003 is registered (480)"
    )
    await office.bindings.save("ntt", (replace(binding(), expires_at=4e9),))
    rings = await explained(office, "09000000001", "0120000003")
    assert rings.end.words.en == "connected to 0300000003"
    asked = [(step.rule, step.found) for step in rings.steps if not step.skipped]
    assert asked[-2:] == [("CALL-01", "rings"), ("FREE-07", "detour")]
    suspended = LineChanges(status=LineStatus.SUSPENDED)
    await office.upkeep.change(NTT, suspended, origin=OPERATOR)
    away = await explained(office, "09000000001", "0120000003")
    assert away.end.words.ja == "0300000003 に接続します: 利用停止中の回線です (403)"


@pytest.mark.rule("FREE-05")
@pytest.mark.rule("FREE-15")
async def test_so_many_calls_of_the_number_are_taken_to_go_on(office: Office) -> None:
    await contracted(office, Reception(NTT), capacity=2)
    explainer = Explainer(office, packaged())
    ends = [
        (await explainer.explain(Asked("09000000001", "0120000003", calls=calls))).end.name
        for calls in range(3)
    ]
    assert ends == ["Connect", "Connect", "AllBusy"]


async def test_a_prefecture_that_does_not_exist_is_refused(office: Office) -> None:
    asked = Asked("09012345678", "0120000003", prefecture="東京")
    with pytest.raises(ValueError, match="東京 is no prefecture"):
        await Explainer(office, packaged()).explain(asked)


async def test_it_is_drawn_and_written_in_both_languages(office: Office) -> None:
    found = await explained(office, "09000000001", "1429")
    assert list(found.lines("en"))[-1] == "= the service forwarding-menu answers"
    assert "> LINE-04  サービス forwarding-menu を使います" in list(found.lines("ja"))
    assert found.mermaid("ja").count("-->") == 3
