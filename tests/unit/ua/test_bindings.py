"""What a REGISTER does to an AOR's bindings, by the steps of RFC 3261 §10.3."""

import pytest

from ivr.sip.message import Request, parse
from ivr.ua.bindings import Refused, RegistrarLimits, after, living, moved
from provisioning.contract import Binding

LIMITS = RegistrarLimits(
    default_expires_s=3600, min_expires_s=60, max_expires_s=7200, bindings_per_account=3
)
NOW = 1000.0

pytestmark = pytest.mark.rule("LINE-02")


def register(*fields: str, call_id: str = "a@phone", cseq: int = 1) -> Request:
    lines = [
        "REGISTER sip:tokuban SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1",
        "From: <sip:09000000001@tokuban>;tag=1",
        "To: <sip:09000000001@tokuban>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *fields,
        "Content-Length: 0",
    ]
    message = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


def bind(request: Request, *current: Binding) -> tuple[Binding, ...]:
    return after(request, current, flow="udp:192.0.2.1:5062", now=NOW, limits=LIMITS)


def refusal(request: Request, *current: Binding) -> Refused:
    with pytest.raises(Refused) as caught:
        bind(request, *current)
    return caught.value


class TestExpiry:
    def test_the_contacts_own_wish_comes_first(self) -> None:
        (binding,) = bind(register("Contact: <sip:a@192.0.2.1>;expires=120", "Expires: 600"))
        assert binding.expires_at == NOW + 120

    def test_then_the_header(self) -> None:
        (binding,) = bind(register("Contact: <sip:a@192.0.2.1>", "Expires: 600"))
        assert binding.expires_at == NOW + 600

    def test_then_the_default(self) -> None:
        (binding,) = bind(register("Contact: <sip:a@192.0.2.1>"))
        assert binding.expires_at == NOW + 3600

    def test_a_malformed_value_counts_as_the_default(self) -> None:
        (binding,) = bind(register("Contact: <sip:a@192.0.2.1>;expires=soon"))
        assert binding.expires_at == NOW + 3600

    def test_a_longer_wish_is_shortened(self) -> None:
        (binding,) = bind(register("Contact: <sip:a@192.0.2.1>;expires=999999"))
        assert binding.expires_at == NOW + 7200

    def test_a_brief_one_is_refused_and_told_the_least(self) -> None:
        refused = refusal(register("Contact: <sip:a@192.0.2.1>;expires=30"))
        assert (refused.status, refused.headers) == (423, (("Min-Expires", "60"),))

    def test_zero_removes(self) -> None:
        (old,) = bind(register("Contact: <sip:a@192.0.2.1>"))
        assert bind(register("Contact: <sip:a@192.0.2.1>;expires=0", cseq=2), old) == ()


class TestContacts:
    def test_several_stand_side_by_side(self) -> None:
        both = bind(register("Contact: <sip:a@192.0.2.1>, <sip:a@192.0.2.2>;q=0.5"))
        assert [(b.contact, b.q) for b in both] == [
            ("sip:a@192.0.2.1", 1.0),
            ("sip:a@192.0.2.2", 0.5),
        ]

    def test_an_equal_uri_is_the_same_contact(self) -> None:
        (old,) = bind(register("Contact: <sip:a@PHONE.example;transport=udp>"))
        (new,) = bind(register("Contact: <sip:a@phone.example;transport=UDP>", cseq=2), old)
        assert (new.cseq, len(bind(register("Contact: <sip:b@x.example>", cseq=2), old))) == (2, 2)

    def test_star_removes_all(self) -> None:
        both = bind(register("Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.2>"))
        assert bind(register("Contact: *", "Expires: 0", cseq=2), *both) == ()

    @pytest.mark.parametrize(
        "fields",
        [
            ("Contact: *",),
            ("Contact: *", "Expires: 60"),
            ("Contact: *, <sip:a@192.0.2.1>", "Expires: 0"),
            ("Contact: <tel:+81312345678>",),
            ("Contact: <mailto:a@phone.example>",),
            ("Contact: <sip:a@192.0.2.1>;q=1.5",),
            ("Contact: <sip:a@192.0.2.1>;q=much",),
            ('Contact: "a <sip:a@192.0.2.1>',),
            ("Contact: <sip:a@192.0.2.1>", 'Path: <sip:p;lr>, "<<'),
            ("Contact: <sip:a@192.0.2.1>", "Path: <http://p>"),
            ("Contact: <sip:a@192.0.2.1>", "Path: " + ", ".join(["<sip:p;lr>"] * 11)),
        ],
    )
    def test_what_no_phone_may_say_is_a_bad_request(self, fields: tuple[str, ...]) -> None:
        (old,) = bind(register("Contact: <sip:old@192.0.2.9>"))
        assert refusal(register(*fields, cseq=2), old).status == 400

    def test_an_account_has_room_for_so_many(self) -> None:
        full = bind(register(*(f"Contact: <sip:a@192.0.2.{n}>" for n in range(3))))
        assert refusal(register("Contact: <sip:a@192.0.2.9>", cseq=2), *full).status == 403
        assert len(bind(register("Contact: <sip:a@192.0.2.1>", cseq=2), *full)) == 3


class TestOrder:
    @pytest.mark.parametrize("cseq", [4, 5])
    @pytest.mark.parametrize(
        "fields", [("Contact: <sip:a@192.0.2.1>;expires=0",), ("Contact: *", "Expires: 0")]
    )
    def test_an_older_request_changes_nothing(self, cseq: int, fields: tuple[str, ...]) -> None:
        (old,) = bind(register("Contact: <sip:a@192.0.2.1>", cseq=5))
        assert refusal(register(*fields, cseq=cseq), old).status == 500

    def test_another_call_id_begins_anew(self) -> None:
        (old,) = bind(register("Contact: <sip:a@192.0.2.1>", cseq=5))
        (new,) = bind(register("Contact: <sip:a@192.0.2.1>", call_id="b@phone"), old)
        assert new.call_id == "b@phone"


def test_what_is_remembered() -> None:
    (binding,) = bind(
        register(
            'Contact: <sip:a@192.0.2.1>;+sip.instance="<urn:uuid:1>"',
            "Path: <sip:edge.example;lr>",
            "User-Agent: phone/1",
        )
    )
    assert (binding.path, binding.instance, binding.user_agent, binding.flow) == (
        ("<sip:edge.example;lr>",),
        "<urn:uuid:1>",
        "phone/1",
        "udp:192.0.2.1:5062",
    )


def test_the_living_come_most_wanted_first() -> None:
    low, high = bind(register("Contact: <sip:a@192.0.2.1>;q=0.1, <sip:b@192.0.2.2>;q=0.9"))
    assert living((low, high), NOW + 3599) == (high, low)
    assert living((low, high), NOW + 3600) == ()


def test_a_binding_on_another_clock() -> None:
    (binding,) = bind(register("Contact: <sip:a@192.0.2.1>"))
    assert moved((binding,), -500.0)[0].expires_at == NOW + 3100
