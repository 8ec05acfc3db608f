"""Kinds of text that the values of several documents have, as types that msgspec checks and describes."""

from __future__ import annotations

from typing import Annotated

import msgspec

# Python's $ also matches before a last newline, which must not get into a package's fields; ECMAScript's, by
# which editors read the schema, does not.
END = r"$(?!\n)"
# One line that neither starts nor ends with a space and has no control or bidirectional character.
LINE = r"^(?! )[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+(?<! )" + END

Line = Annotated[
    str, msgspec.Meta(pattern=LINE, description="One line, without controls and without spaces at its ends.")
]
