"""The state machines' page, drawn from their tables."""

from ivr.sip.diagrams import diagrams

HEAD = """\
# State machines

Written by `make docs` from the tables that run: `ivr/sip/transaction_tables.py` (RFC 3261 §17,
RFC 6026) and `ivr/sip/session_table.py`. A pair of state and input without an arrow is ignored or
refused on purpose; the tests name each.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(f"## {name}\n\n```mermaid\n{text}```\n" for name, text in diagrams().items())]
    )
