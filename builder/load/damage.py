"""What it means for an input that its structure cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.rules import found
from builder.x509 import der

if TYPE_CHECKING:
    from builder.model import Finding, Origin


def finding(error: der.DerError, data: bytes, origin: Origin, what: str) -> Finding:
    """Return the finding that `error` stands for; `what` names the structure: "PKCS #7 collection"."""
    match error:
        case der.TrailingError():
            return found("trailing-data", origin, f"behind the {what} {error}")
        case der.NotDistinguishedError():
            return found("not-der", origin, f"the {what} is not DER: {error}")
        case _:
            rule = "truncated" if der.is_cut_off(data) else "damaged-store"
            return found(rule, origin, f"the {what} cannot be read: {error}")
