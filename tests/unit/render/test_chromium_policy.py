"""The policies that browsers read."""

import base64
import json

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
