"""A JavaScript phone in a browser page: JsSIP over WebSocket, its sound by an RTP socket here."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from lab.scenarios.phones.closing import Closing
from tests.support.ports import LOOPBACK
from tests.support.waiting import until
from tests.support.wire_rtp import RtpEnd

Json = dict[str, Any]

_SCRIPTS = Path(__file__).parent / "jssip"


class JsSipPhone(Closing):
    """One account on one WebSocket; one call at a time.

    A browser's own media (ICE, DTLS) is replaced by plain PCMU through `rtp`.
    """

    def __init__(self, page: Page, site: str, url: str, user: str, password: str) -> None:
        """`site`: a page of the carrier's; a browser lets no page from nowhere reach it."""
        self.user = user
        self.rtp = RtpEnd()
        self._page = page
        page.goto(site)
        for script in ("jssip.min.js", "phone.js"):
            page.add_script_tag(content=(_SCRIPTS / script).read_text("utf-8"))
        account = {"url": url, "user": user, "host": LOOPBACK, "password": password}
        page.evaluate("account => start(account)", account | {"rtpPort": self.rtp.port})

    def said(self, what: str) -> list[Json]:
        """What it said so far, of one kind."""
        said: list[Json] = self._page.evaluate("phone.said")
        return [each for each in said if each["what"] == what]

    def wait(self, *whats: str) -> Json:
        """The latest that it said, once it said one of these."""
        return until(lambda: [e for w in whats for e in self.said(w)], f"JsSIP saying {whats}")[-1]

    def registers(self) -> bool:
        """Whether the registrar said yes."""
        return bool(self.wait("registered", "refused")["what"] == "registered")

    def dial(self, number: str) -> None:
        self._page.evaluate("number => dial(number)", number)

    def wait_answered(self) -> None:
        """Until the call is confirmed; sound goes to where the other side's SDP says."""
        self.wait("confirmed")
        self.rtp.peer_from(self.said("description")[-1]["sdp"].encode())

    def answer(self) -> None:
        """Take the call that rings here."""
        self._page.evaluate("answer()")
        self.wait_answered()

    def key(self, key: str) -> None:
        """Send a key by INFO."""
        self._page.evaluate("key => window.key(key)", key)

    def hang_up(self) -> None:
        """End the call."""
        self._page.evaluate("hangUp()")
        self.wait("ended", "failed")

    def close(self) -> None:
        """Unregister, as a page does that is left."""
        self._page.evaluate("leave()")
        self.wait("unregistered")
        self._page.evaluate("phone.agent.stop()")
        self.rtp.close()
