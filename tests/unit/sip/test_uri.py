"""URIs: RFC 3261 §19.1, RFC 3966, RFC 5118."""

import pytest

from ivr.sip.uri import Telephone, Uri, UriError, parse_host_port


class TestParse:
    def test_every_part(self) -> None:
        uri = Uri.parse("sips:alice:se%63ret@Example.com:5061;transport=TCP;lr?Subject=a%20b&x=")
        assert uri.scheme == "sips"
        assert (uri.user, uri.password) == ("alice", "secret")
        assert (uri.host, uri.port) == ("Example.com", 5061)
        assert uri.params == {"transport": "TCP", "lr": None}
        assert uri.headers == {"Subject": "a b", "x": ""}

    def test_host_alone(self) -> None:
        uri = Uri.parse("sip:carrier.example")
        assert (uri.user, uri.host, uri.port) == (None, "carrier.example", None)

    def test_ipv6_host_loses_its_brackets_and_gets_them_back(self) -> None:
        uri = Uri.parse("sip:a@[2001:db8::1]:5070")
        assert (uri.host, uri.port) == ("2001:db8::1", 5070)
        assert str(uri) == "sip:a@[2001:db8::1]:5070"

    def test_a_tel_uri_has_no_host(self) -> None:
        uri = Uri.parse("tel:+81-90-0000-0001;phone-context=example.com")
        assert uri.host == ""
        assert uri.telephone() == Telephone("+819000000001", "example.com")

    def test_phone_context_inside_the_user_part(self) -> None:
        uri = Uri.parse("sip:1429;phone-context=+81@carrier.example;user=phone")
        assert uri.host == "carrier.example"
        assert uri.params == {"user": "phone"}
        assert uri.telephone() == Telephone("1429", "+81")

    def test_an_unknown_scheme_is_kept_whole(self) -> None:
        uri = Uri.parse("soap.beep://192.0.2.103:3002")
        assert (uri.scheme, uri.opaque) == ("soap.beep", "//192.0.2.103:3002")
        assert str(uri) == "soap.beep://192.0.2.103:3002"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "sip:",
            "alice@example.com",
            "sip:@example.com",
            "sip:alice@",
            "sip:alice@exa mple.com",
            "sip:alice@example.com:",
            "sip:alice@example.com:port",
            "sip:alice@example.com:70000",
            "sip:alice@[2001:db8::1",
            "sip:alice@[example.com]",
            "sip:2001:db8::10",
            "sip:alice@example.com;",
            "sip:alice@example.com;=x",
            "sip:alice@example.com;a=1;A=2",
            "sip:alice@example.com?novalue",
            "sip:al%zzice@example.com",
            "sip:alice@example.com;x=%4",
            "<sip:alice@example.com>",
            "sip:alice@-example.com",
            "tel:",
            "tel:xyz",
            "tel:+",
            "sip:alice@example.com\r\nVia: x",
        ],
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(UriError):
            Uri.parse(text)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("192.0.2.1", ("192.0.2.1", None)),
            ("host:5060", ("host", 5060)),
            ("[::1]", ("::1", None)),
            ("[::1]:0", ("::1", 0)),
        ],
    )
    def test_host_and_port(self, text: str, expected: tuple[str, int | None]) -> None:
        assert parse_host_port(text) == expected


class TestTelephone:
    @pytest.mark.parametrize(
        ("text", "digits"),
        [
            ("sip:09000000001@carrier.example", "09000000001"),
            ("sip:+81.90(0000)0001@carrier.example", "+819000000001"),
            ("sip:*57%23@carrier.example", "*57#"),
            ("tel:1429", "1429"),
        ],
    )
    def test_digits(self, text: str, digits: str) -> None:
        telephone = Uri.parse(text).telephone()
        assert telephone is not None
        assert telephone.digits == digits

    @pytest.mark.parametrize(
        "text", ["sip:cafe@h.example", "sip:-@h.example", "sip:h.example", "isbn:298379"]
    )
    def test_no_number(self, text: str) -> None:
        assert Uri.parse(text).telephone() is None

    def test_isub(self) -> None:
        assert Uri.parse("tel:+81312345678;isub=12").telephone() == Telephone(
            "+81312345678", None, "12"
        )


class TestEquality:
    """RFC 3261 §19.1.4, its own examples among them."""

    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
            ("tel:+81-90-0000-0001", "tel:+819000000001"),
        ],
    )
    def test_equal(self, one: str, two: str) -> None:
        assert Uri.parse(one) == Uri.parse(two)
        assert hash(Uri.parse(one)) == hash(Uri.parse(two))

    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:bob:x@biloxi.com", "sip:bob@biloxi.com"),
            ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on"),
            ("tel:1429;phone-context=+81", "tel:1429"),
        ],
    )
    def test_different(self, one: str, two: str) -> None:
        assert Uri.parse(one) != Uri.parse(two)

    def test_not_transitive(self) -> None:
        plain = Uri.parse("sip:carol@chicago.com")
        assert plain == Uri.parse("sip:carol@chicago.com;security=on")
        assert plain == Uri.parse("sip:carol@chicago.com;security=off")

    def test_no_uri_is_equal_to_its_text(self) -> None:
        assert Uri.parse("sip:carol@chicago.com") != "sip:carol@chicago.com"


class TestWrite:
    @pytest.mark.parametrize(
        "text",
        [
            "sip:carrier.example",
            "sip:alice@carrier.example:5062;transport=tcp;lr",
            "sip:1429;phone-context=+81@carrier.example;user=phone",
            "sips:a%40b@example.com",
            "sip:a:b@example.com?Route=%3Csip:x%3E",
            "sip:null-%00-null@example.com",
            "tel:+81312345678;isub=12",
            "isbn:2983792873",
        ],
    )
    def test_as_it_was(self, text: str) -> None:
        assert str(Uri.parse(text)) == text

    def test_aor_has_neither_port_nor_parameters(self) -> None:
        uri = Uri.parse("sip:%61lice:pw@Carrier.Example:5070;transport=tcp?x=y")
        assert uri.aor == "sip:alice@carrier.example"

    def test_the_password_shows_in_no_repr(self) -> None:
        assert "secret" not in repr(Uri.parse("sip:alice:secret@example.com"))

    def test_param(self) -> None:
        uri = Uri.parse("sip:a@b;lr;maddr=192.0.2.9")
        assert (uri.param("lr"), uri.param("maddr"), uri.param("ttl")) == ("", "192.0.2.9", None)
