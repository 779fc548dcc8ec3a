"""Call records for tests: any number of them, each with every field set to something of its own."""

from provisioning.contract import Access, CallRecord, LiveCall
from tests.support.storage import DOCOMO, SOMEWHERE

BEGUN = 1_800_000_000.25


def call_id(number: int = 1) -> str:
    """The UUID of the test's call of this number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def record(number: int = 1, leg: int = 1, **changes: object) -> CallRecord:
    """A record; `changes` are other values of its fields."""
    plain = CallRecord(
        call_id=call_id(number),
        leg=leg,
        linked_id=call_id(number),
        sip_call_id="a84b4c76e66710@phone",
        calling=DOCOMO,
        called="1840312345678",
        destination=SOMEWHERE,
        presented=None,
        prefix="184",
        line=DOCOMO,
        access=Access.OS,
        service="forwarding-menu",
        payer=DOCOMO,
        started_at=BEGUN,
        answered_at=BEGUN + 1.5,
        ended_at=BEGUN + 10.125,
        business_started_at=BEGUN + 86_400,
        business_answered_at=BEGUN + 86_401.5,
        business_ended_at=BEGUN + 86_410.125,
        seconds=8.625,
        cause="hung-up",
        sip_status=200,
        q850=16,
        trunk="west",
        interrupted=False,
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


class GoingOn:
    """A leg that goes on, with a record that a test sets."""

    def __init__(self, as_it_stands: CallRecord) -> None:
        self.as_it_stands = as_it_stands

    def record(self) -> CallRecord:
        return self.as_it_stands

    def shown(self) -> LiveCall:
        stands = self.as_it_stands
        return LiveCall(
            stands.call_id,
            stands.leg,
            stands.line,
            stands.called,
            "confirmed",
            stands.started_at,
            stands.service,
            (),
        )
