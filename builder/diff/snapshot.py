"""What somebody's file says it holds: a lock, a manifest, a folder of packages, a package, or a bundle."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from builder import inspect
from builder.errors import NotAPackageError, OutputError
from builder.lifecycle import lock
from builder.release import manifest as manifests
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from builder.inspect import Contents
    from builder.lifecycle.lock import Lock
    from builder.lifecycle.states import Lifecycle
    from builder.model import Bundle, Certificate
    from builder.release.manifest import Manifest

MAX_BYTES = 128 * 1024 * 1024  # what a build writes that is larger is no CA package
_LOCK = re.compile(rb"^history:", re.MULTILINE)
DISTRUSTED = "distrusted"


@dataclass(frozen=True, slots=True)
class Item:
    """One CA; `state` is empty where it is shipped and nothing more is known of it."""

    sha256: str
    subject: str
    not_after: dt.datetime
    state: str = ""

    @property
    def shipped(self) -> bool:
        """Whether clients are made to trust it."""
        return self.state != DISTRUSTED


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held: CAs by fingerprint, and by kind (file, script, …) whatever else can be compared.

    `kind` is what it is, such as "lock" or "deb"; only things of one kind have comparable parts. Of something
    that has no place for distrusted CAs, `blocks` is false: that none is in it says nothing.
    """

    name: str
    kind: str
    certificates: Mapping[str, Item]
    release: str = ""
    organisation: str = ""
    parts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    blocks: bool = False


def of_bundle(name: str, bundle: Bundle, lifecycle: Lifecycle | None = None) -> Holding:
    """Return what a bundle holds, with the states that a configuration gives its CAs."""
    items = [_of(item, lifecycle) for item in (*bundle.certificates, *bundle.distrusted)]
    return Holding(name, "bundle", _by_fingerprint(items), blocks=lifecycle is not None)


def of_file(path: Path, data: bytes) -> Holding | None:
    """Return what a lock, a manifest or a package holds, None where it is none of these.

    Raises what reading each of them raises.
    """
    name = str(path)
    if data.lstrip()[:1] == b"{":
        return _of_json(name, data)
    if b"\0" not in data and _LOCK.search(data):
        return of_lock(name, lock.parse(data.decode("utf-8", "replace"), name))
    try:
        contents = inspect.read(name, data)
    except NotAPackageError:
        return None
    # Certificates in a text file are read by the stricter first stage.
    return None if contents.format == "pem" else _of_package(name, contents)


def of_folder(folder: Path) -> Holding | None:
    """Return what the release in a folder holds, None where it describes none; raises OutputError."""
    manifest = manifests.read_manifest(folder)
    return _of_manifest(str(folder), manifest) if manifest else None


def _of(certificate: Certificate, lifecycle: Lifecycle | None) -> Item:
    state = lifecycle.stage(certificate.sha256).state if lifecycle else ""
    return Item(certificate.sha256, certificate.subject, certificate.not_after, state)


def of_lock(name: str, found: Lock) -> Holding:
    """Return what a lock lists, with its states."""
    items = [Item(one.sha256, one.subject, _moment(one.not_after), one.state) for one in found.certificates]
    return Holding(
        name, "lock", _by_fingerprint(items), found.release.text, visible(found.organisation), blocks=True
    )


def _of_json(name: str, data: bytes) -> Holding:
    """Read a manifest, or the list of certificates that packages carry."""
    try:
        value = json.loads(data)
        manifest = msgspec.convert(value, manifests.Manifest) if "artifacts" in value else None
        if manifest:
            return _of_manifest(name, manifest)
        return Holding(
            name,
            "list",
            _listed(value["certificates"], value["distrusted"]),
            visible(str(value["release"])),
            visible(str(value["organisation"])),
            blocks=True,
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise OutputError(f"{visible(name)}: is not a trustpack manifest: {visible(str(error))}") from error


def _of_manifest(name: str, manifest: Manifest) -> Holding:
    try:
        items = _listed(manifest.certificates, manifest.distrusted)
    except (ValueError, LookupError) as error:
        raise OutputError(f"{visible(name)}: is not a trustpack manifest: {visible(str(error))}") from error
    artifacts: dict[str, object] = {entry.file: entry.sha256 for entry in manifest.artifacts}
    return Holding(
        name,
        "release",
        items,
        visible(manifest.release),
        visible(manifest.organisation),
        {"artifact": artifacts},
        blocks=True,
    )


def _listed(trusted: Iterable[Mapping[str, Any]], distrusted: Iterable[Mapping[str, Any]]) -> dict[str, Item]:
    """Return the CAs of two lists; one that is in both is trusted, for that is what must be seen."""
    states = [*((one, DISTRUSTED) for one in distrusted), *((one, "") for one in trusted)]
    return _by_fingerprint(
        Item(visible(one["sha256"]), visible(one["subject"]), _moment(one["not_after"]), state)
        for one, state in states
    )


def _of_package(name: str, contents: Contents) -> Holding:
    # Somewhere in it the CA may be trusted although it is blocked elsewhere: trust is what must be seen.
    states = [
        *((one, DISTRUSTED) for one in contents.distrusted or ()),
        *((one, "") for one in contents.certificates),
    ]
    items = _by_fingerprint(Item(one.sha256, one.subject, one.not_after, state) for one, state in states)
    parts: dict[str, Mapping[str, object]] = {
        "file": {member.path: member for member in contents.files},
        "script": dict(contents.scripts),
        "field": dict(contents.metadata),
    }
    blocks = contents.distrusted is not None
    return Holding(name, contents.format, items, visible(contents.version), "", parts, blocks)


def _by_fingerprint(items: Iterable[Item]) -> dict[str, Item]:
    return {item.sha256: item for item in items}


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
