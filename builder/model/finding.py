"""What lint says about an input, and where it was read."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Origin(msgspec.Struct, frozen=True, order=True):
    """Where something was read: a path as the user gave it and a line from 1 (0: the whole file)."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Severity(IntEnum):
    """How bad a finding is; an error stops a build."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


class Finding(msgspec.Struct, frozen=True):
    """One thing lint says about an input; `fingerprint` is a SHA-256 in hex, or empty."""

    rule: str
    severity: Severity
    origin: Origin
    message: str
    hint: str = ""
    fingerprint: str = ""
