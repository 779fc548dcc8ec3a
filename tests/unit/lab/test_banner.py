"""What `tokuban up` prints fits a terminal of 80 columns."""

import io

from rich.console import Console

from lab import banner
from lab.banner import DIAL, Login, Phone, Standing

PHONES = [Phone("09000000002-link", "09000000002", name, "link", "demo0002") for name in DIAL]
STANDING = Standing(
    sip="127.0.0.1:5060",
    http="http://127.0.0.1:8080",
    rtp="20000-29999",
    storage="SQLite",
    portal="http://127.0.0.1:8080/portal/",
    mailbox="http://127.0.0.1:8080/lab/mail/page",
)


def test_nothing_is_cut_at_80_columns() -> None:
    text = io.StringIO()
    login = Login("demo-selfcare", "特番デモ商事株式会社", "selfcare-demo0001")
    banner.show(Console(file=text, width=80), STANDING, PHONES, [login])
    shown = text.getvalue()
    assert "…" not in shown
    for profile, rows in DIAL.items():
        for row in rows:
            wanted = (profile, *row)
            assert any(all(part in line for part in wanted) for line in shown.splitlines())
