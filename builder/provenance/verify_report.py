"""What verifying found, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.text.printed import printed
from builder.text.quoting import visible

if TYPE_CHECKING:
    from builder.provenance.verification import Verification

_SHOWN = 5


def as_text(found: Verification) -> str:
    """Return each difference in a line, then what was verified, what was not and why, and the result."""
    lines = [f"{one.file}: {one.problem}" for one in found.discrepancies]
    if found.others:
        more = f" and {len(found.others) - _SHOWN} more" if len(found.others) > _SHOWN else ""
        lines.append(f"passed over, because no part of it: {', '.join(found.others[:_SHOWN])}{more}")
    lines += [f"verified: {one.said}" for one in found.examined if one.done]
    lines += [one.said for one in found.examined if not one.done]
    count = len(found.discrepancies)
    said = f"{count} difference{'s' * (count != 1)}" if count else "as it was published"
    lines.append(f"{found.name}: release {found.release} of {found.organisation}: {said}")
    return "".join(f"{visible(line)}\n" for line in lines)


def as_json(found: Verification) -> str:
    """Return everything as JSON in ASCII."""
    return printed(msgspec.to_builtins(found))
