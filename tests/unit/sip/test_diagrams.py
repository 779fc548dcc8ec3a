from ivr.sip import referral_table, subscription_table
from ivr.sip.diagrams import diagrams
from ivr.sip.session_table import TABLE
from ivr.sip.transaction_tables import MACHINES


def test_every_machine_is_drawn_whole() -> None:
    drawn = diagrams()
    further = ["session", "referral", "subscription"]
    assert list(drawn) == [machine.name for machine in MACHINES] + further
    rows = [*(len(machine.table) for machine in MACHINES), len(TABLE), len(referral_table.TABLE)]
    rows.append(len(subscription_table.TABLE))
    for text, expected in zip(drawn.values(), rows, strict=True):
        assert text.startswith("stateDiagram-v2\n")
        arrows = [line.strip() for line in text.splitlines() if ": " in line]
        labels = sum(line.count(",") + 1 for line in arrows)
        assert labels == expected


def test_an_arrow_names_its_inputs() -> None:
    drawn = diagrams()["INVITE client transaction"]
    assert "    [*] --> CALLING\n" in drawn
    assert "    CALLING --> TERMINATED: TIMER_B, TRANSPORT_ERROR\n" in drawn
    assert "    TERMINATED --> [*]\n" in drawn
