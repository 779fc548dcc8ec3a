"""The lines the softphone tests dial from: the demo lines and a line of its own for each phone."""

from dataclasses import dataclass
from pathlib import Path

DEMO_SEED = Path(__file__).parents[2] / "lab" / "demo.yaml"


@dataclass(frozen=True, slots=True)
class TestLine:
    """A line and the password of its SIP account, whose user is the number."""

    __test__ = False

    number: str
    profile: str
    password: str
    freephone: str = ""
    options: tuple[str, ...] = ()

    @property
    def link_user(self) -> str:
        """The SIP user of a rakuten line's Link app."""
        return f"{self.number}-link"

    def as_yaml(self) -> str:
        """An entry of a seed file's `lines`."""
        options = (*self.options, "tokutei-notify") if self.freephone else self.options
        freephone = f"    options: [{', '.join(options)}]\n" if options else ""
        if self.freephone:
            freephone += f'    freephone: "{self.freephone}"\n'
        accounts = f'{{user: "{self.number}", password: {self.password}}}'
        if self.profile == "rakuten":
            accounts += f", {{user: {self.link_user}, password: {self.password}, access: link}}"
        return (
            f'  - number: "{self.number}"\n    profile: {self.profile}\n'
            f"    ma: 東京\n    prefecture: 東京都\n{freephone}"
            f"    accounts: [{accounts}]\n"
        )


DOCOMO_DEMO = TestLine("09000000001", "docomo", "demo0001")
NTT_DEMO = TestLine("0300000003", "ntt", "demo0003", "0120000003")

PJSUA2 = TestLine("09000000011", "docomo", "secret-pjsua2")
BARESIP = TestLine("09000000012", "docomo", "secret-baresip")
LINPHONE = TestLine("09000000013", "docomo", "secret-linphone")
WIRE = TestLine("09000000014", "docomo", "secret-wire")
AIOSIP = TestLine("09000000015", "docomo", "secret-aiosip")
CODES = TestLine("09000000016", "docomo", "secret-codes")
NTT_PLAIN = TestLine("0300000017", "ntt", "secret-plain")
NTT_WIRE = TestLine("0300000018", "ntt", "secret-ntt", "0120000018")

AU = TestLine("09000000019", "au", "secret-au")
VOICEWARP = TestLine("0300000020", "ntt", "secret-voicewarp")

DIRECT = tuple(
    TestLine(f"0900000002{number}", "docomo", f"direct-{number}", options=("direct-media",))
    for number in (5, 6)
)
"""Two lines whose phones may send their sound to each other."""

RAKUTEN = TestLine("09000000031", "rakuten", "secret-rakuten")
IOS = TestLine("09000000032", "rakuten", "secret-ios", options=("ios-handset",))
EITHER = TestLine("09000000034", "docomo", "secret-either", options=("voicemail",))
"""Voicemail and forwarding, one at a time."""
DISPLAY = TestLine("0300000033", "ntt", "secret-display", "0120000033")
FORWARDERS = tuple(
    TestLine(f"0900000004{number}", "au", f"forwards-{number}") for number in range(3)
)

CROWD = tuple(
    TestLine(f"0900000{number:04}", "docomo", f"crowd-{number}") for number in range(1000, 1100)
)
"""A hundred lines for loads."""

ALL = (
    *(PJSUA2, BARESIP, LINPHONE, WIRE, AIOSIP, CODES, NTT_PLAIN, NTT_WIRE, AU, VOICEWARP),
    *(RAKUTEN, IOS, EITHER, DISPLAY),
    *FORWARDERS,
    *DIRECT,
    *CROWD,
)

UNASSIGNED = "0399999999"
ECHO, TONE, KEYS = "000001", "000002", "000003"


def write_seed(path: Path) -> Path:
    """A seed file of the demo, whose lines come last in it, and all of these lines."""
    extra = "".join(line.as_yaml() for line in ALL)
    path.write_text(DEMO_SEED.read_text(encoding="utf-8") + extra, encoding="utf-8")
    return path
