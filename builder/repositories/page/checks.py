"""What each client refuses, and what it cannot notice: as measured with the real ones."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection


class Outcome(Enum):
    """What comes of an attack on the site."""

    REFUSED = "refused"
    WARNED = "warned of"
    ACCEPTED = "not noticed"
    UNSIGNED = "no signature"  # the index has none: the connection is all there is


class Attack(msgspec.Struct, frozen=True):
    """Something that whoever holds the web server can do."""

    title: str
    meaning: str


ATTACKS = (
    Attack("Package changed", "other bytes under a package's name"),
    Attack("Index changed", "the list of packages says something else"),
    Attack("Other key", "everything is signed by a key that is not this site's"),
    Attack("Expired", "the site is frozen: nothing new is shown any more"),
    Attack("Rolled back", "an older, validly signed state is put back"),
)


class ClientChecks(msgspec.Struct, frozen=True):
    """What some clients do about each of ATTACKS, in their order; `helps` is what people can do beside it."""

    ecosystem: str
    clients: str
    outcomes: tuple[Outcome, ...]
    helps: str = ""


_YES, _NO, _NONE = Outcome.REFUSED, Outcome.ACCEPTED, Outcome.UNSIGNED
_SIGNED = (_YES, _YES, _YES, _NO, _NO)
_DIGEST = (_YES, _NONE, _NONE, _NONE, _NONE)
_STATUS = "The site's signed status says until when it is good, and counts: see how to verify this page."

CHECKS = (
    ClientChecks(
        "apt",
        "apt",
        (_YES, _YES, _YES, _YES, _YES),
        "A machine that has seen newer lists keeps them. A new one takes older lists until they expire.",
    ),
    ClientChecks("rpm", "dnf, dnf5", _SIGNED, _STATUS),
    ClientChecks(
        "rpm",
        "zypper",
        (_YES, _YES, _YES, Outcome.WARNED, _NO),
        "Never give it --gpg-auto-import-keys, which takes any key that the site offers.",
    ),
    ClientChecks("apk", "apk", _SIGNED, _STATUS),
    ClientChecks("pacman", "pacman", _SIGNED, _STATUS),
    ClientChecks(
        "brew",
        "brew",
        (_YES, _NONE, _NONE, _NONE, _YES),
        "A machine that has seen a newer tap keeps it. A new one: compare the commit with one you know.",
    ),
    ClientChecks("pypi", "pip, uv, poetry", _DIGEST, "Lock digests: --require-hashes, or a lock file."),
    ClientChecks("npm", "npm, pnpm, Yarn 1, Bun", _DIGEST, "Commit the lock file, and install by it."),
    ClientChecks(
        "npm",
        "Yarn 4",
        (_NO, _NONE, _NONE, _NONE, _NONE),
        "It compares with yarn.lock alone: commit it, and install with --immutable.",
    ),
    ClientChecks("gem", "Bundler 2.6 and newer", _DIGEST, "Keep checksums: bundle lock --add-checksums."),
    ClientChecks(
        "maven",
        "Maven",
        (Outcome.WARNED, _NONE, _NONE, _NONE, _NONE),
        "It only warns of a checksum, unless it is told: checksumPolicy fail, or mvn --strict-checksums.",
    ),
    ClientChecks(
        "go",
        "go",
        (_NO, _NONE, _NONE, _NONE, _NONE),
        "It compares with go.sum, not with the site: commit that, and compare its first line with 'inspect'.",
    ),
    ClientChecks("conda", "conda, mamba, pixi", _DIGEST, "Lock digests: conda-lock, or pixi's lock file."),
    ClientChecks(
        "gem",
        "gem install",
        (_NO, _NONE, _NONE, _NONE, _NONE),
        "It never compares checksums: use bundler, or sha256sum and gem install --local.",
    ),
)


def of(ecosystems: Collection[str], *, signed: bool) -> tuple[ClientChecks, ...]:
    """Return the rows of these ecosystems; without signatures, digests are all that any client compares."""
    rows = (row for row in CHECKS if row.ecosystem in ecosystems)
    return tuple(row if signed else _unsigned(row) for row in rows)


def _unsigned(row: ClientChecks) -> ClientChecks:
    outcomes = (row.outcomes[0], *(_NONE for _ in row.outcomes[1:]))
    return msgspec.structs.replace(row, outcomes=outcomes, helps="")
