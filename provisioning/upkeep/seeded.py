"""What the audit says of lines and accounts that a seed made, changed or took away."""

from collections.abc import Iterator

from provisioning.audit.model import Note
from provisioning.contract import Account
from provisioning.lines.model import Seeded
from provisioning.upkeep.model import words


def notes(seeded: Seeded) -> list[Note]:
    """A note for each change, in the words of the same change by hand; never a secret."""
    return [*_of_lines(seeded), *_of_accounts(seeded)]


def _of_lines(seeded: Seeded) -> Iterator[Note]:
    for old, new in seeded.lines:
        if old is None and new is not None:
            yield Note(new.number, "line made", after=words(new))
        elif old is not None and new is None:
            yield Note(old.number, "line removed", before=words(old))
        elif old is not None and new is not None:
            yield Note(new.number, "line changed", before=words(old), after=words(new))


def _of_accounts(seeded: Seeded) -> Iterator[Note]:
    for old, new in seeded.accounts:
        moved = old is not None and new is not None and old.line != new.line
        if old is not None and (new is None or moved):
            yield Note(old.line, "account removed", before=old.user)
        if new is not None and (old is None or moved):
            yield Note(new.line, "account added", after=f"{new.user}, {new.access}")
        elif old is not None and new is not None:
            yield from _of_account(old, new)


def _of_account(old: Account, new: Account) -> Iterator[Note]:
    if old.access != new.access:
        before, after = (f"{each.user}, {each.access}" for each in (old, new))
        yield Note(new.line, "account changed", before, after)
    if old.sources != new.sources:
        before, after = (", ".join([each.user, *each.sources]) for each in (old, new))
        yield Note(new.line, "account sources changed", before, after)
    if old.ha1 != new.ha1:
        yield Note(new.line, "account password reset", after=new.user)
