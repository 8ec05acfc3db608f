"""What comes of verifying: every difference by its file, and what was looked at and what was not, and why."""

from __future__ import annotations

from typing import Literal

import msgspec

Check = Literal[
    "files", "certificates", "lock", "signatures", "statement", "rebuild", "site", "status", "installed"
]


class Discrepancy(msgspec.Struct, frozen=True, order=True):
    """A file, and in what it is not what it should be."""

    file: str
    problem: str


class Examination(msgspec.Struct, frozen=True):
    """One thing that can be verified: whether it was looked at, and what of, or why it was not."""

    check: Check
    done: bool
    said: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it all; `name` is the folder or address as it was given.

    `others` are files that nobody vouches for and that are no part of what was verified.
    """

    name: str
    kind: Literal["release", "site", "installed"]
    organisation: str
    release: str
    trustpack: str
    files: int
    discrepancies: tuple[Discrepancy, ...]
    examined: tuple[Examination, ...]
    others: tuple[str, ...] = ()
