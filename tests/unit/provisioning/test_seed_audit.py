"""What a seed made, changed or took away is in the audit, and none of its secrets."""

from dataclasses import replace

import pytest

from provisioning.audit.model import Change
from provisioning.contract import Access, LineStatus
from provisioning.office import Office
from provisioning.seeds import Seed, SeedAccount, SeedVoicemail
from tests.support.storage import AU, DOCOMO, NTT, seed
from tests.support.whole_seed import TRUNK, whole

pytestmark = pytest.mark.rule("LAB-03")


async def told(office: Office, subject: str) -> list[tuple[str, str, str]]:
    """What, before and after of the changes of a subject, the first one first; all by the seed."""
    found = (await office.audit.search(subject=subject)).items
    assert {(each.who, each.origin) for each in found} <= {("seed", "seed file")}
    return [(each.what, each.before, each.after) for each in reversed(found)]


async def everything(office: Office) -> tuple[Change, ...]:
    return (await office.audit.search(limit=1000)).items


async def test_lines_and_accounts_of_the_first_seed_are_noted(office: Office) -> None:
    words = "docomo, 東京, 東京都, consumer, active, ja"
    assert await told(office, DOCOMO) == [
        ("line made", "", words),
        ("account added", "", "docomo, os"),
    ]


async def test_the_same_seed_again_notes_nothing(office: Office) -> None:
    before = await everything(office)
    await office.seed(seed())
    assert await everything(office) == before


async def test_each_change_of_a_later_seed_is_noted_once(office: Office) -> None:
    first, *others = seed()
    line = replace(first.line, status=LineStatus.SUSPENDED)
    accounts = (
        SeedAccount("docomo", Access.LINK, "marker-another"),
        SeedAccount("second", Access.OS, "marker-second"),
    )
    known = len(await told(office, DOCOMO))
    await office.seed([replace(first, line=line, accounts=accounts), *others])
    states = (LineStatus.ACTIVE, LineStatus.SUSPENDED)
    active, suspended = (f"docomo, 東京, 東京都, consumer, {each}, ja" for each in states)
    assert (await told(office, DOCOMO))[known:] == [
        ("line changed", active, suspended),
        ("account changed", "docomo, os", "docomo, link"),
        ("account password reset", "", "docomo"),
        ("account added", "", "second, os"),
    ]
    await office.seed(others)
    assert [what for what, *_ in await told(office, DOCOMO)][known + 4 :] == [
        "line removed",
        "account removed",
        "account removed",
    ]
    assert "marker" not in repr(await everything(office))


async def test_an_account_that_moves_is_noted_at_both_lines(office: Office) -> None:
    *others, au = seed()
    moved = next(each for each in others if each.line.number == NTT)
    rest = [each for each in others if each is not moved]
    both = replace(moved, accounts=(*moved.accounts, *au.accounts))
    await office.seed([*rest, both, replace(au, accounts=())])
    assert (await told(office, AU))[-1] == ("account removed", "au", "")
    assert (await told(office, NTT))[-1] == ("account added", "", "au, os")


@pytest.mark.rule("VM-02")
async def test_the_pin_of_a_box_is_noted_and_not_told(office: Office) -> None:
    first, *others = seed()
    line = replace(first.line, options=frozenset({"voicemail"}))
    wanted = replace(first, line=line, voicemail=SeedVoicemail(pin="4826"))
    known = len(await told(office, DOCOMO))
    for _ in range(2):
        await office.seed([wanted, *others])
    assert [what for what, *_ in (await told(office, DOCOMO))[known:]] == [
        "line changed",
        "voicemail PIN set",
    ]
    changes = await everything(office)
    assert "4826" not in repr([(each.what, each.before, each.after) for each in changes])


async def test_trunks_and_their_passwords_are_noted(office: Office) -> None:
    name = TRUNK.trunk.name
    await office.plant(whole())
    ((what, before, words),) = await told(office, name)
    assert (what, before) == ("trunk made", "")
    again = replace(TRUNK, password="marker-another-password")
    await office.plant(replace(whole(), trunks=(again,)))
    assert (await told(office, name))[1:] == [("trunk made anew", words, words)]
    await office.plant(Seed(tuple(seed())))
    assert (await told(office, name))[2:] == [("trunk removed", words, "")]
    assert "marker" not in repr(await everything(office))
