"""The four machines against the figures of RFC 3261 §17 and RFC 6026 §8.7, pair by pair."""

import pytest

from ivr.sip.transaction_tables import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    MACHINES,
    SERVER,
    Input,
    Machine,
    State,
)

FIGURES = {
    INVITE_CLIENT.name: """
        CALLING: TIMER_A CALLING, TIMER_B TERMINATED, TRANSPORT_ERROR TERMINATED,
            RCV_1XX PROCEEDING, RCV_2XX ACCEPTED, RCV_300_699 COMPLETED
        PROCEEDING: RCV_1XX PROCEEDING, RCV_2XX ACCEPTED, RCV_300_699 COMPLETED,
            TRANSPORT_ERROR TERMINATED
        ACCEPTED: RCV_2XX ACCEPTED, TIMER_M TERMINATED
        COMPLETED: RCV_300_699 COMPLETED, TRANSPORT_ERROR TERMINATED, TIMER_D TERMINATED
    """,
    INVITE_SERVER.name: """
        PROCEEDING: RCV_REQUEST PROCEEDING, SEND_1XX PROCEEDING, TIMER_TRYING PROCEEDING,
            TRANSPORT_ERROR PROCEEDING, SEND_300_699 COMPLETED, SEND_CHALLENGE COMPLETED,
            SEND_2XX ACCEPTED
        COMPLETED: RCV_REQUEST COMPLETED, TIMER_G COMPLETED, TRANSPORT_ERROR COMPLETED,
            RCV_ACK CONFIRMED, TIMER_H TERMINATED
        CONFIRMED: TIMER_I TERMINATED
        ACCEPTED: RCV_ACK ACCEPTED, SEND_2XX ACCEPTED, TRANSPORT_ERROR ACCEPTED, TIMER_L TERMINATED
    """,
    CLIENT.name: """
        TRYING: TIMER_E TRYING, TIMER_F TERMINATED, TRANSPORT_ERROR TERMINATED,
            RCV_1XX PROCEEDING, RCV_2XX COMPLETED, RCV_300_699 COMPLETED
        PROCEEDING: TIMER_E PROCEEDING, RCV_1XX PROCEEDING, TIMER_F TERMINATED,
            TRANSPORT_ERROR TERMINATED, RCV_2XX COMPLETED, RCV_300_699 COMPLETED
        COMPLETED: TIMER_K TERMINATED
    """,
    SERVER.name: """
        TRYING: SEND_1XX PROCEEDING, TIMER_TRYING PROCEEDING, SEND_2XX COMPLETED,
            SEND_300_699 COMPLETED
        PROCEEDING: RCV_REQUEST PROCEEDING, SEND_1XX PROCEEDING, SEND_2XX COMPLETED,
            SEND_300_699 COMPLETED, TRANSPORT_ERROR TERMINATED, TIMER_F TERMINATED
        COMPLETED: RCV_REQUEST COMPLETED, TIMER_J TERMINATED, TRANSPORT_ERROR TERMINATED
    """,
}


def figure(name: str) -> dict[tuple[State, Input], State]:
    expected: dict[tuple[State, Input], State] = {}
    state = State.TERMINATED
    for word in FIGURES[name].replace(",", " ").split():
        if word.endswith(":"):
            state, event = State[word[:-1]], None
        elif event is None:
            event = Input[word]
        else:
            expected[state, event], event = State[word], None
    return expected


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
@pytest.mark.parametrize("event", Input)
@pytest.mark.parametrize("state", State)
def test_every_pair_is_as_drawn(machine: Machine, state: State, event: Input) -> None:
    step = machine.table.get((state, event))
    assert (step.next if step else None) == figure(machine.name).get((state, event))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_of_a_machine_is_reached_and_left(machine: Machine) -> None:
    reached = {machine.initial}
    for _ in State:
        reached |= {step.next for (state, _), step in machine.table.items() if state in reached}
    named = {state for state, _ in machine.table}
    assert named | {State.TERMINATED} == reached


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_row_names_its_clause(machine: Machine) -> None:
    assert all(step.clause.startswith("RFC ") for step in machine.table.values())
