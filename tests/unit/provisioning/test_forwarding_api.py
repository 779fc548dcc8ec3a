"""`/v1/lines/{number}/forwarding`: what is kept, what is refused, and why."""

import httpx2
import pytest

from provisioning.contract import E164
from provisioning.office import Office
from tests.support.changes import by_people
from tests.support.diversions import unanswered
from tests.support.storage import AU, DOCOMO, NTT, RAKUTEN, SOMEWHERE
from tests.unit.provisioning.conftest import PROBLEM

FORWARD: dict[str, object] = {
    "ring_time_s": 20,
    "always": None,
    "unreachable": None,
    "busy": None,
    "no_answer": {"active": True, "target": SOMEWHERE},
}
ELSEWHERE = "+81612345678"


def to(target: object, active: object = True) -> dict[str, object]:
    """A diversion as it is sent."""
    return {"active": active, "target": target}


class TestForwarding:
    @pytest.mark.rule("FWD-01")
    async def test_a_put_is_kept_and_audited(
        self, client: httpx2.AsyncClient, office: Office
    ) -> None:
        assert (await client.put(f"/v1/lines/{DOCOMO}/forwarding", json=FORWARD)).json() == FORWARD
        assert (await client.get(f"/v1/lines/{DOCOMO}/forwarding")).json() == FORWARD
        assert await office.forwarding.of(DOCOMO) == unanswered(True, SOMEWHERE, 20)
        (change, *_) = (await client.get(f"/v1/lines/{DOCOMO}/changes")).json()
        assert (change["who"], change["origin"]) == ("api", "http from 127.0.0.1")
        assert change["before"] == "off; rings 15 s"
        assert change["after"] == f"no_answer on, to {SOMEWHERE}; rings 20 s"

    async def test_a_call_is_audited_under_its_line(
        self, client: httpx2.AsyncClient, office: Office
    ) -> None:
        await office.forwarding.set_target(DOCOMO, SOMEWHERE)
        (change, *_) = (await client.get(f"/v1/lines/{DOCOMO}/changes")).json()
        assert (change["who"], change["origin"]) == (DOCOMO, "telephone")

    @pytest.mark.rule("FWD-06")
    @pytest.mark.parametrize(
        ("change", "status", "kind"),
        [
            ({"no_answer": to(None)}, 409, "no-target"),
            ({"no_answer": to(DOCOMO)}, 422, "out-of-range"),
            ({"no_answer": to("+81120000003")}, 422, "out-of-range"),
            ({"no_answer": to("0312345678")}, 422, "out-of-range"),
            ({"no_answer": to("+" + "1" * 40)}, 422, "out-of-range"),
            ({"no_answer": to("+81110")}, 422, "out-of-range"),
            ({"no_answer": to("+14155550100")}, 422, "out-of-range"),
            ({"busy": to(SOMEWHERE)}, 422, "out-of-range"),
            ({"always": to(SOMEWHERE)}, 422, "out-of-range"),
            ({"ring_time_s": 121}, 422, "out-of-range"),
            ({"ring_time_s": "20"}, 422, "bad-request"),
            ({"ring_time_s": 10**400}, 422, "out-of-range"),
            ({"no_answer": to(SOMEWHERE, 1)}, 422, "bad-request"),
            ({"no_answer": to("")}, 422, "out-of-range"),
            ({"no_answer": to("+810312345678")}, 422, "out-of-range"),
            ({"no_answer": {"active": True}}, 409, "no-target"),
            ({"no_answer": {"target": SOMEWHERE}}, 422, "bad-request"),
            ({"active": True}, 422, "bad-request"),
            ({"volume": 11}, 422, "bad-request"),
        ],
    )
    async def test_a_refused_put_changes_nothing(
        self,
        client: httpx2.AsyncClient,
        office: Office,
        change: dict[str, object],
        status: int,
        kind: str,
    ) -> None:
        answer = await client.put(f"/v1/lines/{DOCOMO}/forwarding", json=FORWARD | change)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        assert answer.json()["type"] == f"urn:tokuban:problem:{kind}"
        assert await office.forwarding.of(DOCOMO) == unanswered()
        assert await by_people(office, DOCOMO) == ()

    @pytest.mark.rule("FWD-04")
    @pytest.mark.rule("FWD-05")
    @pytest.mark.parametrize("line", [RAKUTEN, AU])
    async def test_each_condition_has_its_own_destination(
        self, client: httpx2.AsyncClient, office: Office, line: E164
    ) -> None:
        wanted = {
            "ring_time_s": 30,
            "always": to(SOMEWHERE, active=False),
            "unreachable": to(ELSEWHERE),
            "busy": to(NTT),
            "no_answer": to(None, active=False),
        }
        path = f"/v1/lines/{line}/forwarding"
        assert (await client.put(path, json=wanted)).json() == wanted
        await office.refresh()
        assert (await client.get(path)).json() == wanted

    @pytest.mark.rule("FWD-03")
    async def test_an_ntt_line_has_one_destination_for_all(
        self, client: httpx2.AsyncClient, office: Office
    ) -> None:
        path = f"/v1/lines/{NTT}/forwarding"
        one = {"ring_time_s": 15, "busy": to(SOMEWHERE)}
        whole = one | {
            "always": to(SOMEWHERE, active=False),
            "no_answer": to(SOMEWHERE, active=False),
            "unreachable": None,
        }
        assert (await client.put(path, json=one)).json() == whole
        two = await client.put(path, json=one | {"always": to(ELSEWHERE)})
        assert (two.status_code, two.json()["type"]) == (422, "urn:tokuban:problem:out-of-range")
        assert (await client.get(path)).json() == whole
        off = {"ring_time_s": 15}
        assert (await client.put(path, json=off)).json()["busy"] == to(None, active=False)

    @pytest.mark.rule("FWD-05")
    @pytest.mark.parametrize("line", [AU, NTT])
    async def test_switching_off_and_on_needs_neither_target_nor_time(
        self, client: httpx2.AsyncClient, line: E164
    ) -> None:
        path = f"/v1/lines/{line}/forwarding"
        await client.put(path, json={"ring_time_s": 30, "busy": to(SOMEWHERE)})
        for active in (False, True):
            shown = (await client.put(path, json={"busy": {"active": active}})).json()
            assert (shown["ring_time_s"], shown["busy"]) == (30, to(SOMEWHERE, active))

    @pytest.mark.rule("FWD-03")
    async def test_the_one_destination_moves_with_what_is_switched_off(
        self, client: httpx2.AsyncClient
    ) -> None:
        path = f"/v1/lines/{NTT}/forwarding"
        await client.put(path, json={"busy": to(SOMEWHERE)})
        moved = {"busy": {"active": False}, "always": to(ELSEWHERE)}
        shown = (await client.put(path, json=moved)).json()
        assert (shown["busy"], shown["always"]) == (to(ELSEWHERE, active=False), to(ELSEWHERE))

    @pytest.mark.rule("FWD-06")
    async def test_a_target_that_is_forbidden_by_now_can_be_switched_off(
        self, client: httpx2.AsyncClient
    ) -> None:
        path, abroad = f"/v1/lines/{AU}", "+14155550100"
        await client.patch(path, json={"options": ["international-forwarding"]})
        assert (
            await client.put(f"{path}/forwarding", json={"busy": to(abroad)})
        ).status_code == 200
        await client.patch(path, json={"options": []})
        off = await client.put(f"{path}/forwarding", json={"busy": {"active": False}})
        assert off.json()["busy"] == to(abroad, active=False)
        on = await client.put(f"{path}/forwarding", json={"busy": {"active": True}})
        assert on.status_code == 422
