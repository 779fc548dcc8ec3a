"""What a trunk may be, which number goes over which, and whose address is whose."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.contract import OutOfRange, Trunk, TrunkAccount, TrunkClass
from provisioning.trunks import model
from provisioning.trunks.memory import MemoryTrunks
from provisioning.trunks.model import TrunkConflict


def trunk(
    name: str = "other", *peers: str, account: str | None = None, prefixes: tuple[str, ...] = ()
) -> Trunk:
    return Trunk(name, TrunkClass.FIXED, peers or ("192.0.2.1:5060",), account, prefixes)


def known(*trunks: Trunk) -> MemoryTrunks:
    memory = MemoryTrunks()
    memory.replace([model.checked(each) for each in trunks], [])
    return memory


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("192.0.2.1", "192.0.2.1;transport=udp"),
        ("192.0.2.1:5070", "192.0.2.1:5070;transport=udp"),
        ("192.0.2.1;transport=TCP", "192.0.2.1;transport=tcp"),
        ("[2001:0db8::0001]:5061;transport=tls", "[2001:db8::1]:5061;transport=tls"),
    ],
)
def test_an_address_has_one_spelling(written: str, kept: str) -> None:
    assert str(model.peer(written)) == kept
    assert str(model.peer(kept)) == kept


@pytest.mark.parametrize(
    "written",
    [
        "", "sip.example.jp", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:99999", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "[::]", "192.0.2.1;transport=sctp", "192.0.2.256",
        "2001:db8::1", "192.0.2.1:5060;lr", "192.0.2.1\r\nVia: x",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(OutOfRange, match=r"^peers: "):
        model.peer(written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("03", "03"), ("0", "0"), ("+", "+"), ("+813", "03"), ("010-1", "+1"), ("0033", "0033")],
)
def test_a_prefix_has_one_spelling(written: str, kept: str) -> None:
    assert model.prefix(written) == kept


@pytest.mark.parametrize(
    "written",
    ["110", "118", "119", "1417", "184", "1", "#7119", "*21", "", "81", "+0", "00", "003", "000",
     "000001", "0a", "90", "0" * 16],
)  # fmt: skip
def test_what_never_leaves_is_no_prefix(written: str) -> None:
    with pytest.raises(OutOfRange, match=r"^prefixes: "):
        model.prefix(written)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", trunk("Other Carrier")),
        ("peers", Trunk("other", TrunkClass.FIXED)),
        ("account", trunk(account="0312345678")),
        ("account", trunk(account="a b")),
        ("calls", Trunk("other", TrunkClass.FIXED, ("192.0.2.1",), calls=0)),
        ("prefecture", Trunk("other", TrunkClass.FIXED, ("192.0.2.1",), prefecture="")),
        ("peers", trunk("other", *(f"192.0.2.{n}" for n in range(1, 11)))),
    ],
)
def test_a_trunk_that_cannot_be_is_refused_by_its_field(field: str, wrong: Trunk) -> None:
    with pytest.raises(OutOfRange, match=f"^{field}: "):
        model.checked(wrong)


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (trunk("a", "192.0.2.1:5060"), trunk("b", "192.0.2.1:5060"), "192.0.2.1:5060 is a peer"),
        (trunk("a", "192.0.2.1"), trunk("b", "192.0.2.1"), "192.0.2.1 is a peer"),
        (
            trunk("a", "192.0.2.1:5060;transport=tcp"),
            trunk("b", "192.0.2.1:5070;transport=tls"),
            "192.0.2.1 is a peer",
        ),
        (
            trunk("a", "192.0.2.1", prefixes=("03",)),
            trunk("b", "192.0.2.2", prefixes=("+813",)),
            "03 leads to the trunk b",
        ),
        (
            trunk("a", "192.0.2.1", account="x"),
            trunk("b", "192.0.2.2", account="x"),
            "x is the trunk b's",
        ),
    ],
)
def test_two_trunks_share_nothing(mine: Trunk, theirs: Trunk, said: str) -> None:
    with pytest.raises(TrunkConflict, match=said):
        model.check_apart(model.checked(mine), [model.checked(theirs)])
    model.check_apart(model.checked(mine), [model.checked(mine)])


def test_ports_of_one_host_tell_trunks_apart_over_udp() -> None:
    first, second = trunk("a", "192.0.2.1:5060"), trunk("b", "192.0.2.1:5070")
    model.check_apart(model.checked(first), [model.checked(second)])


@pytest.mark.parametrize(
    ("digits", "name"),
    [
        ("0312345678", "tokyo"),
        ("0612345678", "japan"),
        ("09012345678", "japan"),
        ("+81312345678", "tokyo"),
        ("+12125550100", "world"),
        ("01012125550100", "world"),
        ("0033010441234567", "kddi"),
        ("0077", None),
        ("000001", None),
        ("110", None),
        ("119", None),
        ("1417", None),
        ("#7119", None),
        ("", None),
    ],
)
def test_the_longest_prefix_takes_a_number(digits: str, name: str | None) -> None:
    trunks = known(
        trunk("japan", "192.0.2.1", prefixes=("0",)),
        trunk("tokyo", "192.0.2.2", prefixes=("03",)),
        trunk("world", "192.0.2.3", prefixes=("+",)),
        trunk("kddi", "192.0.2.4", prefixes=("0033",)),
    )
    found = trunks.toward(digits)
    assert (found.name if found else None) == name


@given(st.text("0123456789+#*", max_size=20))
def test_no_code_and_no_emergency_number_ever_leaves(digits: str) -> None:
    everywhere = known(trunk("all", "192.0.2.1", prefixes=("0", "+")))
    if everywhere.toward(digits) is not None:
        assert digits[0] in "0+"
        assert not digits.startswith("00")


@given(st.text(max_size=40))
def test_any_text_is_a_prefix_and_an_address_or_refused(text: str) -> None:
    for read in (model.prefix, model.peer):
        with suppress(OutOfRange):
            assert read(text)


class TestSources:
    TRUNKS = known(
        trunk("port", "192.0.2.1:5060"),
        trunk("host", "192.0.2.2"),
        trunk("beside", "192.0.2.2:5070"),
        trunk("stream", "192.0.2.3:5060;transport=tcp"),
        trunk("six", "[2001:db8::1]:5060"),
    )

    @pytest.mark.parametrize(
        ("host", "port", "transport", "name"),
        [
            ("192.0.2.1", 5060, "UDP", "port"),
            ("192.0.2.1", 5061, "UDP", None),
            ("192.0.2.1", 5060, "TCP", None),
            ("192.0.2.2", 40000, "UDP", "host"),
            ("192.0.2.2", 5070, "UDP", "beside"),
            ("192.0.2.3", 40000, "TCP", "stream"),
            ("192.0.2.3", 40000, "TLS", "stream"),
            ("192.0.2.3", 5060, "UDP", None),
            ("192.0.2.3", 40000, "WS", None),
            ("192.0.2.3", 40000, "WSS", None),
            ("2001:db8::1", 5060, "UDP", "six"),
            ("192.0.2.9", 5060, "UDP", None),
        ],
    )
    def test_a_message_is_of_the_trunk_it_comes_from(
        self, host: str, port: int, transport: str, name: str | None
    ) -> None:
        found = self.TRUNKS.from_peer(host, port, transport)
        assert (found.name if found else None) == name


def test_whoever_registered_with_an_account_hears_that_it_is_gone() -> None:
    memory = MemoryTrunks()
    gone: list[str] = []
    memory.watchers.append(gone.append)
    account = TrunkAccount("pbx", "other", {"MD5": "00"})
    memory.put(trunk(account="pbx"), account)
    assert (memory.account("pbx"), gone) == (account, [])
    memory.put(trunk("second", "192.0.2.2"), None)
    memory.remove("second")
    assert gone == []
    memory.remove("other")
    assert (memory.account("pbx"), memory.of("other"), gone) == (None, None, ["pbx"])
    memory.remove("other")
    assert gone == ["pbx"]
