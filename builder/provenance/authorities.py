"""Which CAs a release trusts and distrusts: its packages are held to its manifest, and both to a lock."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from builder.lifecycle import approvals
from builder.provenance.verification import Discrepancy, Examination
from builder.release.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.inspect import Contents
    from builder.lifecycle.lock import Lock
    from builder.release.manifest import Manifest

# What a certificate does not say of itself.
_OURS: dict[str, Any] = dict.fromkeys(("state", "since", "until", "owner", "evidence"), "") | {"domains": ()}


def of_package(file: str, contents: Contents, manifest: Manifest) -> Iterator[Discrepancy]:
    """Compare what a package holds with what the manifest says that it trusts and distrusts."""
    for flaw in (*contents.private_keys, *contents.unreadable):
        yield Discrepancy(file, f"{flaw.file}: {flaw.what}")
    if contents.certificates:
        trusted = {one.sha256 for one in manifest.certificates}
        yield from _compared(file, contents.fingerprints, trusted, f"{MANIFEST} lists")
    if contents.distrusted is not None:
        blocked = {one.certificate.sha256 for one in contents.distrusted}
        wanted = {one.sha256 for one in manifest.distrusted}
        yield from _compared(file, blocked, wanted, f"{MANIFEST} lists", verb="distrusts")


def of_manifest(manifest: Manifest, held: Mapping[str, Contents]) -> Iterator[Discrepancy]:
    """Compare what the manifest says of each CA with the certificates in the packages."""
    found = {one.certificate.sha256: one.certificate for each in held.values() for one in each.certificates}
    for one in manifest.certificates:
        if one.sha256 in found and replace(one, **_OURS) != replace(found[one.sha256], **_OURS):
            yield Discrepancy(MANIFEST, f"describes the CA {one.sha256} otherwise than its certificate does")


def _compared(
    file: str, found: Iterable[str], wanted: Iterable[str], by: str, *, verb: str = "trusts"
) -> Iterator[Discrepancy]:
    for one in sorted({*found} - {*wanted}):
        yield Discrepancy(file, f"{verb} the CA {one}, which is none that {by}")
    for one in sorted({*wanted} - {*found}):
        yield Discrepancy(file, f"lacks the CA {one}, which {by}")


def held_to(lock: Lock | None, name: str) -> Examination:
    """Tell which lock was compared: who has approved what it says, and what it does not say."""
    if lock is None:
        return Examination("lock", False, "not compared with a lock, because none was given (--lock)")
    by = ", ".join(one.name for one in approvals.approved_by(lock, name))
    approved = f", approved by {by}" if by else ""
    less = "" if lock.packaging else "; it does not say how packages are made"
    return Examination("lock", True, f"CAs and release against {name}{approved}{less}")


def of_lock(manifest: Manifest, held: Mapping[str, Contents], lock: Lock, name: str) -> Iterator[Discrepancy]:
    """Compare whose release it is, which one, and the CAs in it and in each package, with a lock."""
    if manifest.organisation != lock.organisation:
        yield Discrepancy(MANIFEST, f"is of {manifest.organisation}, and {name} of {lock.organisation}")
    if manifest.release != lock.release.text:
        yield Discrepancy(MANIFEST, f"is of release {manifest.release}, and {name} of {lock.release.text}")
    shipped = {one.sha256 for one in lock.certificates if one.shipped}
    blocked = {one.sha256 for one in lock.certificates if not one.shipped}
    compared = partial(_compared, by=f"{name} lists")
    yield from compared(MANIFEST, {one.sha256 for one in manifest.certificates}, shipped)
    yield from compared(MANIFEST, {one.sha256 for one in manifest.distrusted}, blocked, verb="distrusts")
    for file, contents in held.items():
        yield from compared(file, contents.fingerprints, shipped)
