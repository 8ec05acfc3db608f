"""Who approves a lock, as trustpack.yaml's `approvals` says: people by name, each with one public key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import ConfigError, SignatureError
from builder.signing import approving
from builder.text import files
from builder.text.faults import shown
from builder.text.quoting import visible
from builder.text.values import LINE
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.config import ApprovalsSection
    from builder.signing.approving import ApproverKey

_LONGEST = 80  # characters of a name
_MOST_BYTES = 64 * 1024  # of a file with a key
_KEY_HINT = "name the public key's file, which for SSH ends in .pub; ask who else has seen this one"
# What is written here and not in a file: "ssh-ed25519 AAAA…", "sk-ssh-…", "ecdsa-sha2-…", an armored block.
_WRITTEN = re.compile(r"\s*(-----BEGIN |openpgp [A-Za-z0-9+/]|(ssh|ecdsa|sk)-[A-Za-z0-9@.-]+[ \t])")


class Approver(msgspec.Struct, frozen=True):
    """Somebody who may approve, and by which key."""

    name: str
    key: ApproverKey

    @property
    def kind(self) -> str:
        """What people call such a key: ssh or openpgp."""
        return approving.kind(self.key)

    @property
    def fingerprint(self) -> str:
        """How people compare keys: as `ssh-keygen -l` or `gpg --fingerprint` says it."""
        return self.key.fingerprint


class Approvers(msgspec.Struct, frozen=True):
    """Everybody who may approve; how many it takes, and how many for a change that only distrusts."""

    needed: int
    distrust: int
    members: tuple[Approver, ...]

    @property
    def section(self) -> dict[str, Any]:
        """The same as trustpack.yaml could say it, with every key: for a copy that has no other files."""
        keys_by_name = {one.name: one.key.text for one in self.members}
        return {"needed": str(self.needed), "distrust": str(self.distrust), "approvers": keys_by_name}

    def by_name(self, name: str) -> Approver | None:
        """Return the approver of a name."""
        return next((one for one in self.members if one.name == name), None)


def read(section: ApprovalsSection, where: Callable[[tuple[str, ...]], str], folder: Path) -> Approvers:
    """Return what the configuration says, its files below `folder`; `where` names file and line of a key.

    Raises ConfigError, or PrivateKeyError for a private key.
    """
    members = [_member(name, text, where, folder) for name, text in sorted(section.approvers.items())]
    _refuse_counted_twice(members, where)
    needed, distrust = int(section.needed), int(section.distrust or section.needed)
    if needed > len(members):
        said = f"{needed} of {len(members)} approvers can never sign"
        raise ConfigError(f"{where(('approvals', 'needed'))}: approvals.needed: {said}")
    if distrust > needed:
        said = f"approvals.distrust: is more than needed, which is {needed}"
        raise ConfigError(
            f"{where(('approvals', 'distrust'))}: {said}", hint="to distrust is what must be fast"
        )
    return Approvers(needed, distrust, tuple(members))


def is_key(text: str) -> bool:
    """Tell whether what is configured of an approver is the key itself, and not a file's name."""
    return _WRITTEN.match(text) is not None


def _member(name: str, text: str, where: Callable[[tuple[str, ...]], str], folder: Path) -> Approver:
    key = ("approvals", "approvers", name)
    if not re.search(LINE, name) or len(name) > _LONGEST:
        hint = f"one line of at most {_LONGEST} characters, without spaces at its ends"
        raise ConfigError(f"{where(key)}: {shown(name)} is no name of an approver", hint=hint)
    place = f"{where(key)}: approvals.approvers.{name}"
    if not is_key(text):
        text, place = _file(text, place, folder)
    try:
        return Approver(name, approving.read_key(text, visible(place)))
    except SignatureError as error:
        hint = "an SSH public key on one line, an OpenPGP public key in armor, or a file with one of them"
        raise ConfigError(str(error), hint=hint) from None


def _file(name: str, place: str, folder: Path) -> tuple[str, str]:
    """Return what a file says, and where that stands."""
    path = folder / name
    try:
        data = files.read(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", "") or "is no file's name"
        hint = "an SSH public key begins with its kind, such as ssh-ed25519; anything else is a file's name"
        raise ConfigError(f"{place}: {shown(name)} cannot be read: {said}", hint=hint) from None
    keys.refuse(data, visible(str(path)), hint=_KEY_HINT)
    try:
        return data.decode("ascii").replace("\r\n", "\n"), f"{place}: {path}"
    except UnicodeDecodeError:
        hint = "an OpenPGP key: gpg --armor --export; an SSH key: the file that ends in .pub"
        raise ConfigError(f"{place}: {path} is not plain text", hint=hint) from None


def _refuse_counted_twice(members: list[Approver], where: Callable[[tuple[str, ...]], str]) -> None:
    """Raise ConfigError where two names are one person's: by a key in any form, or by all but its case."""
    seen: dict[bytes | str, str] = {}
    for one in members:
        marks: tuple[bytes | str, ...] = (*one.key.numbers, one.name.casefold())
        for mark in marks:
            other = seen.setdefault(mark, one.name)
            if other != one.name:
                what = "is the same name as" if isinstance(mark, str) else "has the same key as"
                place = where(("approvals", "approvers", one.name))
                hint = "one person counts once"
                raise ConfigError(visible(f"{place}: {one.name}: {what} {other}"), hint=hint)
