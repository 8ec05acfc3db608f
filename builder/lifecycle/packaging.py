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
    """A digest of each part that packages are made by, so that what has changed can be named."""

    revision: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[0-9]{1,9}" + END,
            description="Trustpack's own, raised when its packages get other bytes.",
        ),
    ]
    organisation: Annotated[
        Fingerprint, msgspec.Meta(description="Of what packages tell of the organisation: name, contact …")
    ]
    names: Fingerprint
    settings: Fingerprint
    npm_scope: Fingerprint
    site: Fingerprint
    recipes: Annotated[
        Fingerprint, msgspec.Meta(description="Of the recipes and templates beside trustpack.yaml.")
    ]
    reasons: Annotated[
        Fingerprint,
        msgspec.Meta(description="Of since when and why CAs are distrusted."),
    ]

    publish: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^([0-9a-f]{64})?" + END,
            description="Of which public registries packages are for; older locks have none.",
        ),
    ] = ""

    @property
    def digest(self) -> str:
        """A SHA-256 of all parts: what a release was made by."""
        return hashlib.sha256("\n".join(self.parts.values()).encode("ascii")).hexdigest()

    @property
    def parts(self) -> dict[str, str]:
        """The parts that are pinned."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


REASONS = "reasons"
# How people know each part.
_WORDS = {
    "revision": "trustpack's own packaging",
    "organisation": "organisation",
    "names": "names",
    "settings": "settings",
    "npm_scope": "npm_scope",
    "site": "site",
    "publish": "publish",
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
