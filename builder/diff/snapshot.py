"""What somebody's file says it holds: a lock, a manifest, a folder of packages, a package, or a bundle."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from builder import inspect
from builder.errors import OutputError
from builder.lifecycle import approval_text, lockfile
from builder.model import CertificateSummary, summarise
from builder.release import manifest as manifests
from builder.render.inventory import Inventory
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from builder.inspect import Contents
    from builder.lifecycle.lock import Lock
    from builder.lifecycle.states import Lifecycle
    from builder.model import Bundle, Certificate
    from builder.release.manifest import Manifest

_JSON_KEYS = (b'"artifacts"', b'"certificates"')  # of a manifest, and of the list that packages carry
_LOCK = re.compile(rb"^history:", re.MULTILINE)
DISTRUSTED: Final = "distrusted"
# What a manifest says of a CA that no package carries.
_LIFE = ("state", "since", "until", "owner", "evidence", "domains")


@dataclass(frozen=True, slots=True)
class TrustSnapshot:
    """What something holds: CAs by fingerprint, and by kind (file, script, …) whatever else can be compared.

    `kind` is what it is, such as "lock" or "deb"; only things of one kind have comparable parts. Of something
    that has no place for distrusted CAs, `blocks` is false: that none is in it says nothing. `opaque` says
    why it cannot be looked into, where that is so: then nothing is known of its CAs. `unreadable` are a
    package's certificates that cannot be read, by file, line and fault.
    """

    name: str
    kind: str
    certificates: Mapping[str, CertificateSummary]
    release: str = ""
    organisation: str = ""
    parts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    blocks: bool = False
    opaque: str = ""
    unreadable: tuple[str, ...] = ()


def of_opaque(name: str, data: bytes, why: str) -> TrustSnapshot:
    """Return what is known of a file that cannot be looked into: that it is this one and no other."""
    parts = {"content": {"bytes": hashlib.sha256(data).hexdigest()}}
    return TrustSnapshot(name, "opaque", {}, parts=parts, opaque=why)


def of_bundle(name: str, bundle: Bundle, lifecycle: Lifecycle | None = None) -> TrustSnapshot:
    """Return what a bundle holds, with the states that a configuration gives its CAs."""
    items = [_of(item, lifecycle) for item in (*bundle.certificates, *bundle.distrusted)]
    return TrustSnapshot(name, "bundle", _by_fingerprint(items), blocks=lifecycle is not None)


def of_file(path: Path, data: bytes) -> TrustSnapshot | None:
    """Return what a lock, a manifest or a package holds, None where it is none of these.

    Raises what reading each of them raises.
    """
    name = str(path)
    if data.lstrip()[:1] == b"{":
        return _of_json(name, data) if any(key in data for key in _JSON_KEYS) else None
    if b"\0" not in data and _LOCK.search(data):
        return of_lock(name, lockfile.parse(data.decode("utf-8", "replace"), name))
    # Files of nothing but certificates are read by the first stage, which is stricter and takes passwords.
    if inspect.format_of(data) in {"", "jks", "pem"}:
        return None
    contents = inspect.read(name, data)
    return _with_states(_of_package(name, contents), path, data)


def _with_states(found: TrustSnapshot, path: Path, data: bytes) -> TrustSnapshot:
    """Return what a package holds with the states that the manifest beside it says, if it is about this one.

    Packages do not carry them: a state that changes is no new release.
    """
    try:
        manifest = manifests.read_manifest(path.parent)
    except OutputError:
        return found  # that it cannot be read is no matter of the package's
    entry = manifest.entry(path.name) if manifest else None
    if manifest is None or entry is None or entry.sha256 != hashlib.sha256(data).hexdigest():
        return found
    known = {item.sha256: _living(item) for item in manifest.certificates}
    items = {
        key: msgspec.structs.replace(item, **{name: getattr(known[key], name) for name in _LIFE})
        if item.shipped and key in known
        else item
        for key, item in found.certificates.items()
    }
    return replace(found, certificates=items)


def of_folder(folder: Path) -> TrustSnapshot | None:
    """Return what the release in a folder holds, None where it describes none; raises OutputError."""
    manifest = manifests.read_manifest(folder)
    return _of_manifest(str(folder), manifest) if manifest else None


def _of(certificate: Certificate, lifecycle: Lifecycle | None) -> CertificateSummary:
    found = summarise(certificate)
    return lifecycle.stage(certificate.sha256).of(found) if lifecycle else found


def of_lock(name: str, found: Lock) -> TrustSnapshot:
    """Return what a lock lists, with its states, who must approve a change of it, and who has.

    Raises LockError for what approvers are said to have signed in a form that is not read.
    """
    return TrustSnapshot(
        name,
        "lock",
        _by_fingerprint(found.certificates),
        found.release.text,
        visible(found.organisation),
        _approvals(name, found),
        blocks=True,
    )


def _approvals(name: str, lock: Lock) -> dict[str, Mapping[str, object]]:
    """Return the approvers of a lock's last step, how many it takes, and each signature, whosever it is."""
    number = len(lock.approvals)
    said = approval_text.parse(lock.approvals[-1].text, f"{name}: approval {number}") if number else None
    found = said.approvers if said else None
    members = found.members if found else ()
    return {
        "approver": {f"{one.name} ({one.kind} {one.fingerprint})": "" for one in members},
        "approvals": {f"needed: {found.needed}": "", f"distrust: {found.distrust}": ""} if found else {},
        "signature": {
            f"of step {at} by {who}": signature
            for at, step in enumerate(lock.approvals, 1)
            for who, signature in step.signatures
            if signature
        },
    }


def _of_json(name: str, data: bytes) -> TrustSnapshot:
    """Read a manifest, or the list of certificates that packages carry."""
    try:
        value = json.loads(data)
        if "artifacts" in value:
            return _of_manifest(name, msgspec.convert(value, manifests.Manifest))
        found = msgspec.convert(value, Inventory)
        listed = _listed(found.certificates, found.distrusted)
    except (ValueError, TypeError, RecursionError) as error:
        raise OutputError(f"{visible(name)}: is not a trustpack manifest: {visible(str(error))}") from error
    return TrustSnapshot(
        name, "list", listed, visible(found.release), visible(found.organisation), blocks=True
    )


def _of_manifest(name: str, manifest: Manifest) -> TrustSnapshot:
    artifacts: dict[str, object] = {entry.file: entry.sha256 for entry in manifest.artifacts}
    return TrustSnapshot(
        name,
        "release",
        _listed(map(_living, manifest.certificates), manifest.distrusted),
        visible(manifest.release),
        visible(manifest.organisation),
        {"artifact": artifacts},
        blocks=True,
    )


def _living(item: CertificateSummary) -> CertificateSummary:
    """Return a trusted CA of a manifest with its state: where nothing is said of it, it is active."""
    return item if item.shipped and item.state else msgspec.structs.replace(item, state="active")


def _listed(
    trusted: Iterable[CertificateSummary], distrusted: Iterable[CertificateSummary]
) -> dict[str, CertificateSummary]:
    """Return the CAs of two lists; one that is in both is trusted, for that is what must be seen."""
    blocked = (msgspec.structs.replace(one, state=DISTRUSTED) for one in distrusted)
    shipped = (one if one.shipped else msgspec.structs.replace(one, state="") for one in trusted)
    return _by_fingerprint([*blocked, *shipped])


def _of_package(name: str, contents: Contents) -> TrustSnapshot:
    # Somewhere in it the CA may be trusted although it is blocked elsewhere: trust is what must be seen.
    items = _listed(
        (one.certificate for one in contents.certificates),
        (one.certificate for one in contents.distrusted or ()),
    )
    parts: dict[str, Mapping[str, object]] = {
        "file": {member.path: member for member in contents.files},
        "script": dict(contents.scripts),
        "field": dict(contents.metadata),
    }
    blocks = contents.distrusted is not None
    found = TrustSnapshot(name, contents.format, items, visible(contents.version), "", parts, blocks)
    return replace(found, unreadable=tuple(visible(f"{one.file}: {one.what}") for one in contents.unreadable))


def _by_fingerprint(items: Iterable[CertificateSummary]) -> dict[str, CertificateSummary]:
    return {item.sha256: item for item in items}
