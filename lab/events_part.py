"""The event stream as a part of the assembly: its readers end after telephony, before HTTP."""

from provisioning.events import EventHub


class EventsPart:
    """Started after HTTP and before telephony, so that readers hear how the last calls end."""

    name = "events"

    def __init__(self, events: EventHub) -> None:
        self._events = events

    async def start(self) -> None:
        """Nothing needs to be done."""

    async def stop(self, grace_s: float) -> None:
        """Let every reader go."""
        self._events.close()
