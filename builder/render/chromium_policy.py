"""The managed policies by which Chromium, Chrome and Edge trust CAs, and distrust others: one JSON file.

https://chromeenterprise.google/policies/#CACertificates: base64 of DER, for servers' certificates alone.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import Bundle, Certificate

_TRUSTED, _DISTRUSTED = "CACertificates", "CADistrustedCertificates"
# Of two files that set one list the later name's counts, and the other is ignored in silence, unless the list
# is named here. Where two files have this list, again one counts: so each names all that either may set.
_MERGED = (_TRUSTED, "CACertificatesWithConstraints", _DISTRUSTED)


def chromium_policy(bundle: Bundle) -> bytes:
    """Return the policies that trust a bundle's CAs, and distrust those that it distrusts."""
    lists = {_TRUSTED: _listed(bundle.certificates), _DISTRUSTED: _listed(bundle.distrusted)}
    policies = {key: value for key, value in lists.items() if value}
    return (json.dumps({**policies, "PolicyListMultipleSourceMergeList": _MERGED}, indent=2) + "\n").encode()


def _listed(certificates: Iterable[Certificate]) -> list[str]:
    return [base64.b64encode(one.der).decode("ascii") for one in certificates]
