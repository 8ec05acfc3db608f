"""Domains: how the names that a CA is meant for may be written, and what each is taken for."""

import pytest

from builder.model import domains


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("corp.example", "corp.example"),
        ("Corp.EXAMPLE", "corp.example"),
        ("internal", "internal"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("3com.example", "3com.example"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_domain_and_a_network_have_one_form(text: str, taken: str) -> None:
    """Lower case, and always a prefix; a domain may have a single label."""
    assert domains.canonical(text) == taken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("*.corp.example", "write it as corp.example"),
        (".corp.example", "write it as corp.example"),
        ("bücher.example", "in ASCII"),
        ("10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "write it as 10.0.0.0/8"),
        ("::ffff:192.0.2.7", "write it as 192.0.2.7/32"),
        ("2001:db8::1/32", "the network is 2001:db8::/32"),
        *((text, "is no") for text in ("", "corp..example", "corp.example.", "-a.example", "a_b.example")),
        *((text, "is no") for text in ("1.2.3", "1.2.3.4.5", "host.1", "10.0.0.0/33", "10.0.0.0/", "/8")),
        *((text, "is no") for text in ("10.0.0.0/255.0.0.0", "fe80::1%eth0", "https://corp.example")),
        *((text, "is no") for text in ("corp.example/8", "a b", "corp.example:443", "010.0.0.0/8", "a" * 64)),
        (".".join(["a" * 60] * 5), "is no"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    """With the way to write it where there is one."""
    with pytest.raises(ValueError, match=said):
        domains.canonical(text)


def test_names_come_before_networks() -> None:
    """So that no order in the configuration is a change."""
    assert domains.ordered(["10.0.0.0/8", "b.example", "a.example"]) == (
        "a.example",
        "b.example",
        "10.0.0.0/8",
    )
