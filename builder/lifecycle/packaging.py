"""How packages are made, beside which CAs they hold: what a lock pins of it, part by part.

Bytes depend on these parts, the CAs, the release, its history, and SOURCE_DATE_EPOCH where that is set.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Iterable


class Packaging(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A digest of each part, so that what has changed can be named; the names are those of trustpack.yaml.

    `revision` is trustpack's own, which is raised when its packages get other bytes.
    """

    revision: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[0-9]{1,9}" + END, description="A number: trustpack's own way of making packages."
        ),
    ]
    organisation: Fingerprint
    names: Fingerprint
    settings: Fingerprint
    npm_scope: Fingerprint
    site: Fingerprint
    recipes: Fingerprint
    reasons: Fingerprint

    @property
    def digest(self) -> str:
        """A SHA-256 of all parts: what a release was made by."""
        return hashlib.sha256("\n".join(msgspec.structs.astuple(self)).encode("ascii")).hexdigest()


REASONS = "reasons"
# How people know each part.
_WORDS = {
    "revision": "trustpack's own packaging",
    "organisation": "organisation",
    "names": "names",
    "settings": "settings",
    "npm_scope": "npm_scope",
    "site": "site",
    "recipes": "recipes and templates beside trustpack.yaml",
    REASONS: "since or evidence of a distrusted CA",
}


def differences(old: Packaging | None, new: Packaging | None) -> tuple[str, ...]:
    """Return the name of each part that differs; where either is not known, nothing is said to differ."""
    if old is None or new is None:
        return ()
    return tuple(part for part in _WORDS if getattr(old, part) != getattr(new, part))


def told(parts: Iterable[str]) -> str:
    """Return parts as people read them, in one line."""
    return ", ".join(_WORDS[part] for part in parts)
