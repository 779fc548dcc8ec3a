"""Read a seed file: the blocks, customers and lines that exist from the start, and the demo."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from lab import areas, seed_model, yaml_file
from lab.errors import Refused
from lab.seed_errors import name_of, said
from lab.seed_model import Option, SeedFile
from lab.settings import SeedSettings
from lab.yaml_file import Place, YamlFile
from provisioning.contract import (
    E164,
    ContractError,
    Diversion,
    Diversions,
    Line,
    Location,
    Trunk,
)
from provisioning.customers import model as customers
from provisioning.customers.model import BadField
from provisioning.forwarding import model as forwarding
from provisioning.freephone.model import faults
from provisioning.lines import model as lines
from provisioning.numbers.model import check_block
from provisioning.profiles.store import ProfileFiles
from provisioning.seeds import (
    Seed,
    SeedAccount,
    SeedBlock,
    SeedContract,
    SeedCustomer,
    SeedFreephone,
    SeedLine,
    SeedLogin,
    SeedTrunk,
    SeedVoicemail,
)
from provisioning.selfcare import model as selfcare
from provisioning.trunks import model as trunks
from provisioning.voicemail import model as voicemail

DEMO_FILE = Path(__file__).with_name("demo.yaml")


def e164(national: str) -> E164:
    """A Japanese number in national form as E.164: `0312345678` → `+81312345678`."""
    if national.startswith("+"):
        return E164(national)
    return E164("+81" + national.removeprefix("0"))


def national(number: E164) -> str:
    """The way back: `+81312345678` → `0312345678`."""
    return "0" + number.removeprefix("+81")


def load(path: Path) -> Seed:
    """What a seed file describes.

    Raises:
        Refused: with file, line, column, field, the reason and what to write.
    """
    return _seed(yaml_file.read(path))


def parse(name: Path, text: str) -> Seed:
    """The same for text already read; `name` stands for the file in what is refused."""
    return _seed(yaml_file.parse(name, text))


def chosen(settings: SeedSettings) -> Seed:
    """The seed file that is set, or else the demo."""
    return load(settings.file) if settings.file else demo()


def demo() -> Seed:
    """The demo, as packaged."""
    return load(DEMO_FILE)


def _seed(file: YamlFile) -> Seed:
    if not file.values:
        raise Refused(f"{file.path}: the file is empty; it begins with lines:, as the demo's does")
    try:
        table = SeedFile.model_validate(file.values, strict=False)
    except ValidationError as error:
        raise Refused("\n".join(said(detail, file) for detail in error.errors())) from None
    _refuse_doubles(table, file)
    _refuse_half_contracts(table, file)
    _refuse_inventory(table, file)
    check = _Check(file)
    return Seed(
        lines=tuple(check.line(index, line) for index, line in enumerate(table.lines)),
        customers=tuple(check.customer(index, each) for index, each in enumerate(table.customers)),
        blocks=tuple(check.block(index, block) for index, block in enumerate(table.blocks)),
        trunks=check.trunks(table.trunks),
        freephones=tuple(
            check.freephone(index, each) for index, each in enumerate(table.freephones)
        ),
    )


class _Check:
    """Makes what the office knows of what a file says; the office's own rules are asked."""

    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self._profiles = ProfileFiles.load()

    def line(self, index: int, table: seed_model.Line) -> SeedLine:
        line = Line(
            number=e164(table.number),
            profile=table.profile,
            location=self._location(("lines", index), table),
            kind=table.kind,
            status=table.status,
            options=frozenset(option.value for option in table.options),
            freephone=e164(table.freephone) if table.freephone else None,
            language=table.language,
        )
        accounts = tuple(
            self._account(("lines", index, "accounts", position), line, one)
            for position, one in enumerate(table.accounts)
        )
        diversions = None
        if table.forwarding is not None:
            diversions = self._diversions(("lines", index, "forwarding"), line, table.forwarding)
        box = None
        if table.voicemail is not None:
            box = self._voicemail(("lines", index, "voicemail"), line, table.voicemail)
            self._check_one_of_both(("lines", index, "voicemail"), line, diversions, box)
        return SeedLine(line, accounts, diversions, table.shows_freephone, box)

    def _voicemail(self, place: Place, line: Line, table: seed_model.Voicemail) -> SeedVoicemail:
        rules = self._profiles.of(line.profile).voicemail
        if Option.VOICEMAIL not in line.options or rules is None:
            _refuse(self._file, place, f"add options: [{Option.VOICEMAIL}] to the line")
        wanted = SeedVoicemail(
            conditions=None if table.conditions is None else frozenset(table.conditions),
            ring_time_s=table.ring_time_s,
            greeting=table.greeting,
            pin=table.pin,
        )
        self._asked(place, lambda: voicemail.seeded(wanted, rules))
        return wanted

    def _check_one_of_both(
        self, place: Place, line: Line, diversions: Diversions | None, box: SeedVoicemail
    ) -> None:
        """Refuse a line that forwards and takes messages where one stops the other (FWD-09)."""
        rules = self._profiles.of(line.profile).forwarding
        forwards = diversions is not None and diversions.active
        if forwards and box.conditions and voicemail.OPTION in rules.start_stops:
            _refuse(self._file, place, "forwarding stops it: leave conditions out, or forwarding")

    def _account(self, place: Place, line: Line, table: seed_model.Account) -> SeedAccount:
        if table.sources and Option.NGN_UNI not in line.options:
            _refuse(self._file, (*place, "sources"), f"add options: [{Option.NGN_UNI}] to the line")
        sources = self._asked((*place, "sources"), lambda: lines.sources(table.sources))
        return SeedAccount(table.user, table.access, table.password, sources)

    def trunks(self, tables: Sequence[seed_model.Trunk]) -> tuple[SeedTrunk, ...]:
        found: list[SeedTrunk] = []
        for index, table in enumerate(tables):
            place: Place = ("trunks", index)
            asked = Trunk(
                name=table.name,
                caller_class=table.caller_class,
                peers=tuple(table.peers),
                account=table.account,
                prefixes=tuple(table.prefixes),
                trusted=table.trusted,
                prefecture=table.prefecture,
                calls=table.calls,
                login=table.login,
                registers=table.registers,
            )
            trunk = self._asked(place, partial(trunks.checked, asked))
            self._asked(place, partial(trunks.check_password, trunk, table.password))
            self._asked(place, partial(trunks.check_login_password, trunk, table.login_password))
            if trunk.account is not None and table.password is None:
                _refuse(self._file, place, "password: its account needs one")
            earlier = [seed.trunk for seed in found]
            self._asked(place, partial(trunks.check_apart, trunk, earlier))
            found.append(SeedTrunk(trunk, table.password, table.login_password))
        return tuple(found)

    def _location(self, place: Place, table: seed_model.Line) -> Location:
        """Where the file says the line is, or where its number is."""
        if table.ma is not None and table.prefecture is not None:
            return self._placed(place, table.ma, table.prefecture)
        area = areas.packaged().of(table.number)
        if area is None or table.ma is not None or table.prefecture is not None:
            why = "or neither" if area else "only a fixed number has an area of its own"
            _refuse(self._file, place, f"give both ma and prefecture; {why}")
        return Location(area.ma, area.prefecture)

    def _placed(self, place: Place, ma: str, prefecture: str) -> Location:
        wrong = areas.geography().misplaced(ma, prefecture)
        if wrong is not None:
            field, fits = wrong
            _refuse(self._file, (*place, field), fits)
        return Location(ma, prefecture)

    def _diversions(self, place: Place, line: Line, table: seed_model.Forwarding) -> Diversions:
        profile = self._profiles.of(line.profile)
        abroad = Option.INTERNATIONAL_FORWARDING in line.options
        given = {}
        for condition, diversion in table.each().items():
            to = e164(diversion.to)
            self._asked(
                (*place, condition.value, "to"),
                partial(forwarding.checked, to, line.number, abroad=abroad),
            )
            given[condition] = Diversion(diversion.active, to)
        wanted = Diversions(ring_time_s=profile.ring_times.default)
        if table.ring_time_s is not None:
            seconds = table.ring_time_s
            wanted = self._asked(
                (*place, "ring_time_s"),
                lambda: forwarding.ringing(wanted, seconds, profile.ring_times),
            )
        whole: Diversions = self._asked(
            place, lambda: forwarding.whole(wanted.but(given), line, profile)
        )
        return whole

    def customer(self, index: int, table: seed_model.Customer) -> SeedCustomer:
        place: Place = ("customers", index)
        self._asked(place, lambda: customers.given_id("C", table.id))
        kept = self._asked(
            place,
            lambda: customers.customer(
                table.id, customers.NewCustomer(**table.model_dump(exclude={"contracts"}))
            ),
        )
        contracts = tuple(
            self._contract((*place, "contracts", position), contract)
            for position, contract in enumerate(table.contracts)
        )
        return SeedCustomer(
            id=kept.id,
            kind=kept.kind,
            name=kept.name,
            postal_code=kept.postal_code,
            address=kept.address,
            phone=kept.phone,
            mail=kept.mail,
            contact=kept.contact,
            language=kept.language,
            contracts=contracts,
        )

    def _contract(self, place: Place, table: seed_model.Contract) -> SeedContract:
        login = None
        self._asked(place, lambda: customers.given_id("K", table.id))
        if table.selfcare is not None:
            given = table.selfcare
            self._asked((*place, "selfcare", "id"), lambda: selfcare.checked_id(given.id))
            self._asked(
                (*place, "selfcare", "password"),
                lambda: selfcare.checked_password(given.password, given.id, selfcare.Limits()),
            )
            login = SeedLogin(given.id, given.password)
        where = self._placed(place, table.ma, table.prefecture)
        return SeedContract(
            table.id, table.plan, table.profile, where, table.number_cap, login=login
        )

    def block(self, index: int, table: seed_model.Block) -> SeedBlock:
        block = SeedBlock(e164(table.first), e164(table.last))
        self._asked(("blocks", index), lambda: check_block(block.first, block.last))
        return block

    def freephone(self, index: int, table: seed_model.FreephoneNumber) -> SeedFreephone:
        """A set-up that breaks a rule is refused here, but for lines that no file names."""
        one = table.setup.freephone(e164(table.number))
        wrong = []
        for fault in faults(one, areas.geography()):
            parts = re.findall(r"[^.\[\]]+", fault.field)
            within = (int(part) if part.isdigit() else part for part in parts)
            place: Place = ("freephones", index, "setup", *within)
            wrong.append(f"{self._file.where(place)}: {name_of(place)}: {fault.en}")
        if wrong:
            raise Refused("\n".join(wrong))
        return SeedFreephone(one, table.contract)

    def _asked(self, place: Place, rule: Callable[[], Any]) -> Any:
        """What one of the office's rules makes of a value; where it stands when it is refused."""
        try:
            return rule()
        except BadField as error:
            reason = str(error).removeprefix(f"{error.field}: ")
            _refuse(self._file, (*place, error.field), reason)
        except ContractError as error:
            _refuse(self._file, place, str(error))


def _refuse(file: YamlFile, place: Place, reason: str) -> NoReturn:
    raise Refused(f"{file.where(place)}: {name_of(place)}: {reason}")


def _refuse_doubles(seed: SeedFile, file: YamlFile) -> None:
    """A number, a SIP user and an id each stand once in a file."""
    counts = Counter((kind, name) for kind, name, _ in _names(seed))
    seen: set[tuple[str, str]] = set()
    for kind, name, place in _names(seed):
        if counts[kind, name] > 1 and (kind, name) in seen:
            _refuse(file, place, f"{kind} {name} stands twice")
        seen.add((kind, name))


def _refuse_half_contracts(seed: SeedFile, file: YamlFile) -> None:
    """特定番号通知 needs the number to show, and the number its contract (SHOW-01)."""
    for index, line in enumerate(seed.lines):
        contracted = Option.TOKUTEI_NOTIFY in line.options
        if line.freephone and not contracted:
            need = f"add options: [{Option.TOKUTEI_NOTIFY}], which contracts showing it"
            _refuse(file, ("lines", index, "freephone"), need)
        if contracted and not line.freephone:
            need = f'{Option.TOKUTEI_NOTIFY} needs the number to show; add freephone: "0120…"'
            _refuse(file, ("lines", index, "options"), need)
        if line.shows_freephone and not line.freephone:
            need = 'there is none to show; add freephone: "0120…"'
            _refuse(file, ("lines", index, "shows_freephone"), need)


def _refuse_inventory(seed: SeedFile, file: YamlFile) -> None:
    """What customers order from is nobody's from the start (N050-02)."""
    for kind, name, place in _names(seed):
        for block in seed.blocks if kind in ("number", "user") else ():
            if len(name) == len(block.first) and block.first <= name <= block.last:
                need = f"{name} is of the block {block.first} to {block.last}: customers order it"
                _refuse(file, place, need)


def _names(seed: SeedFile) -> Iterator[tuple[str, str, Place]]:
    for index, line in enumerate(seed.lines):
        yield "number", line.number, ("lines", index, "number")
        if line.freephone:
            yield "number", line.freephone, ("lines", index, "freephone")
        for position, account in enumerate(line.accounts):
            yield "user", account.user, ("lines", index, "accounts", position, "user")
    for index, trunk in enumerate(seed.trunks):
        yield "trunk", trunk.name, ("trunks", index, "name")
        if trunk.account:
            yield "user", trunk.account, ("trunks", index, "account")
    for index, freephone in enumerate(seed.freephones):
        yield "freephone", freephone.number, ("freephones", index, "number")
    yield from _names_of_customers(seed)


def _names_of_customers(seed: SeedFile) -> Iterator[tuple[str, str, Place]]:
    for index, customer in enumerate(seed.customers):
        yield "customer", customer.id, ("customers", index, "id")
        for position, contract in enumerate(customer.contracts):
            place: Place = ("customers", index, "contracts", position)
            yield "contract", contract.id, (*place, "id")
            if contract.selfcare:
                yield "self-care login", contract.selfcare.id, (*place, "selfcare", "id")
