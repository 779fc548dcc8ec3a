"""The addresses of the customer control (FREE-12): a login and pages of its own."""

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from provisioning.portal import (
    control_login,
    control_pages,
    control_preview,
    control_schedules,
    control_usage,
    forms,
    week_form,
)
from provisioning.portal.control_doors import ControlDoors, ControlVisit
from provisioning.portal.visit import Handler

ControlHandler = Callable[[ControlVisit], Awaitable[Response]]


def routes(doors: ControlDoors) -> list[BaseRoute]:
    """Every route of the customer control."""

    def at(
        path: str,
        get: ControlHandler | None = None,
        post: ControlHandler | None = None,
        *,
        open_: bool = False,
        fields: int = forms.MOST_FIELDS,
    ) -> Route:
        # These doors make each visit a ControlVisit.
        given = [cast(Handler | None, handler) for handler in (get, post)]
        return doors.route(
            f"/control{path}", get=given[0], post=given[1], open_=open_, fields=fields
        )

    return [
        at("", control_pages.show_home),
        at("/login", control_login.show, control_login.begin, open_=True),
        at("/locked", control_login.show_locked, open_=True),
        at("/logout", post=control_login.logout),
        at("/usage", control_usage.show_usage),
        at("/usage.csv", control_usage.download),
        at("/ratios", control_pages.show_ratios, control_pages.change_ratios, fields=MOST_RATIOS),
        at("/schedules", control_schedules.show_list),
        at(
            "/schedules/{kind}/{of}",
            control_schedules.show_week,
            control_schedules.change_week,
            fields=week_form.FIELDS,
        ),
        at("/preview", control_preview.show_preview),
        at("/history", control_pages.show_history, control_pages.undo),
    ]


MOST_RATIOS = 600
"""A hundred groups with five weights each."""
