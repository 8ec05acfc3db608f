"""The machine-readable list of certificates."""

import json
from typing import Any

import msgspec

from builder.model import Bundle, Certificate, Distrust, summarise
from builder.render.inventory import inventory
from tests.unit import bundles


def describe(certificate: Certificate) -> Any:
    """Return what the list says of a certificate that nothing more is known of."""
    return msgspec.to_builtins(summarise(certificate))


def test_the_list_has_what_an_auditor_asks_of_each_certificate() -> None:
    """Digests in lower-case hex, times in RFC 3339, the serial number in hex, in the bundle's order."""
    bundle = bundles.bundle("Acme Root", "Acme Root 2")
    found = json.loads(inventory(bundle, slug="acme", release="20261124"))
    one = bundle.certificates[0]
    assert (found["organisation"], found["release"]) == ("acme", "20261124")
    assert [item["sha256"] for item in found["certificates"]] == [c.sha256 for c in bundle.certificates]
    assert found["certificates"][0] == {
        "sha256": one.sha256,
        "spki_sha256": one.spki_sha256,
        "subject": "CN=Acme Root",
        "issuer": "CN=Acme Root",
        "serial": format(one.serial, "x"),
        "key": "EC secp256r1",
        "not_before": "2026-11-23T12:00:00Z",
        "not_after": "2036-11-21T12:00:00Z",
    }


def test_distrusted_certificates_are_in_a_list_of_their_own() -> None:
    """With the same facts, and since when and why where that is given; none among the trusted."""
    one, two, three = bundles.bundle("One", "Three", "Two").certificates
    reasons = {two.sha256: Distrust("2026-11-20", "https://tickets.acme.example/1"), three.sha256: Distrust()}
    found = json.loads(inventory(Bundle((one,), (two, three), reasons), slug="acme", release="1"))
    assert found["certificates"] == [describe(one)]
    assert found["distrusted"] == [
        describe(two) | {"since": "2026-11-20", "evidence": "https://tickets.acme.example/1"},
        describe(three),
    ]
    assert json.loads(inventory(Bundle((one,)), slug="acme", release="1"))["distrusted"] == []


def test_the_list_is_one_ascii_text_that_ends_in_a_newline() -> None:
    """Names from anywhere are escaped, so that no reader needs to know an encoding."""
    data = inventory(bundles.bundle("Ünïcödé 日本"), slug="acme", release="1")
    assert data.isascii()
    assert data.endswith(b"}\n")
    assert json.loads(data)["certificates"][0]["subject"] == "CN=Ünïcödé 日本"
