"""All of `/lab`."""

from fastapi import APIRouter

from lab.mailbox import pages, routes
from lab.routes import clock, state, trace
from lab.state import CarrierState
from lab.trace import TraceHub
from provisioning.office import Office


def routers(office: Office, hub: TraceHub, carrier: CarrierState) -> list[APIRouter]:
    """Every route of the laboratory; who may use them is the app's decision."""
    return [
        trace.router(hub),
        clock.router(office.clock),
        state.router(carrier),
        pages.router(office.caught),
        routes.router(office.caught, office.outbox),
    ]
