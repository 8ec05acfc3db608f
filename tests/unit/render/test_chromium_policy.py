"""The policies that browsers read."""

import base64
import json

import msgspec

from builder.model import Bundle
from builder.render.chromium_policy import chromium_policy
from tests.unit import bundles

_MERGED = ["CACertificates", "CACertificatesWithConstraints", "CADistrustedCertificates"]


def test_it_holds_each_ca_in_base64_of_der() -> None:
    """In the bundle's order, and asks for every list of ours to be merged."""
    one, two = bundles.bundle("Acme One", "Acme Two").certificates
    assert json.loads(chromium_policy(Bundle((one,), (two,)))) == {
        "CACertificates": [base64.b64encode(one.der).decode()],
        "CADistrustedCertificates": [base64.b64encode(two.der).decode()],
        "PolicyListMultipleSourceMergeList": _MERGED,
    }


def test_an_empty_list_is_left_out() -> None:
    """It would be a policy all the same, and browsers would show it."""
    said = json.loads(chromium_policy(bundles.bundle("Acme One")))
    assert sorted(said) == ["CACertificates", "PolicyListMultipleSourceMergeList"]


def test_a_ca_with_domains_is_constrained_in_every_kind_of_name() -> None:
    """A kind without a constraint would be free: it gets one within which there is nobody."""
    one, two, three = bundles.bundle("Acme One", "Acme Two", "Acme Three").certificates
    limited = msgspec.structs.replace(two, domains=("corp.example", "lab.example"))
    network = msgspec.structs.replace(three, domains=("10.0.0.0/8",))
    said = json.loads(chromium_policy(Bundle((one, limited, network))))
    assert said["CACertificates"] == [base64.b64encode(one.der).decode()]
    assert [each["constraints"] for each in said["CACertificatesWithConstraints"]] == [
        {"permitted_dns_names": ["corp.example", "lab.example"], "permitted_cidrs": ["255.255.255.255/32"]},
        {"permitted_dns_names": ["invalid"], "permitted_cidrs": ["10.0.0.0/8"]},
    ]
