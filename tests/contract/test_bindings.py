"""Registrations, whoever keeps them."""

import asyncio
from dataclasses import replace

import pytest

from provisioning.contract import OutOfRange, UnknownLine
from tests.contract.conftest import Ports
from tests.support.storage import binding

pytestmark = pytest.mark.rule("LINE-02")


async def test_a_saved_binding_is_loaded_in_every_field(ports: Ports) -> None:
    await ports.bindings.save("docomo", (binding(),))
    assert dict(await ports.bindings.load()) == {"docomo": (binding(),)}


async def test_several_contacts_keep_their_order(ports: Ports) -> None:
    contacts = tuple(binding(f"sip:phone{n}@192.0.2.1") for n in (2, 3, 1))
    await ports.bindings.save("docomo", contacts)
    assert (await ports.bindings.load())["docomo"] == contacts


async def test_a_save_replaces_what_was_there(ports: Ports) -> None:
    await ports.bindings.save("docomo", (binding("sip:old@192.0.2.1"), binding()))
    await ports.bindings.save("docomo", (binding(cseq=2),))
    assert (await ports.bindings.load())["docomo"] == (binding(cseq=2),)


async def test_saving_none_removes_the_user(ports: Ports) -> None:
    await ports.bindings.save("docomo", (binding(),))
    await ports.bindings.save("docomo", ())
    assert "docomo" not in await ports.bindings.load()


async def test_the_last_of_many_saves_at_once_is_kept(ports: Ports) -> None:
    saves = (ports.bindings.save("docomo", (binding(cseq=n),)) for n in range(50))
    await asyncio.gather(*saves)
    assert (await ports.bindings.load())["docomo"] == (binding(cseq=49),)


async def test_an_unknown_account_spoils_no_other_save(ports: Ports) -> None:
    outcomes = await asyncio.gather(
        ports.bindings.save("docomo", (binding(),)),
        ports.bindings.save("nobody", (binding(),)),
        ports.bindings.save("ntt", (binding(),)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), UnknownLine, type(None)]
    assert set(await ports.bindings.load()) == {"docomo", "ntt"}


async def test_the_same_contact_twice_is_refused_and_changes_nothing(ports: Ports) -> None:
    await ports.bindings.save("docomo", (binding(),))
    with pytest.raises(OutOfRange):
        await ports.bindings.save("docomo", (binding(cseq=2), binding(cseq=3)))
    assert (await ports.bindings.load())["docomo"] == (binding(),)


async def test_the_highest_cseq_fits(ports: Ports) -> None:
    highest = replace(binding(), cseq=2**31 - 1)
    await ports.bindings.save("docomo", (highest,))
    assert (await ports.bindings.load())["docomo"] == (highest,)
