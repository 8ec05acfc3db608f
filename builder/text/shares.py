"""Parts of a whole as people write and read them: 99%, 99.5%, "97.1 % of 2,000"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.text.values import END

if TYPE_CHECKING:
    from fractions import Fraction

PATTERN = r"^(100|[1-9]?[0-9](\.[0-9]{1,3})?)%" + END
_TENTHS = 1000  # of the whole, in tenths of a hundredth


def share(text: str) -> Fraction | None:
    """Return which part of a whole a text names, None where it names none."""
    from fractions import Fraction  # only who asks for a part pays for it

    return Fraction(text[:-1]) / 100 if re.search(PATTERN, text) else None


def written(part: Fraction) -> str:
    """Return a part as `share` reads it."""
    return f"{float(part * 100):g}%"


def told(part: int, whole: int) -> str:
    """Return how much of `whole` it is, cut and not rounded: of ten thousand all but one are not 100 %."""
    tenths = part * _TENTHS // whole if whole else 0
    percent = f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
    return f"{percent} % of {whole:,}"
