"""The replica of a bundle: like what the packages hold, but with throw-away keys, so that it can issue."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import ssl
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder import inspect
from builder.errors import PackageError, ProofError
from builder.load.contents import read
from builder.load.source import Input
from builder.model import Bundle, Certificate, Finding, Origin
from builder.prove import authority
from builder.prove.handshake import HOST
from builder.prove.server import server_context
from builder.prove.trial import Question
from builder.release.folder import expect_unchanged
from builder.text import files
from builder.x509.certificate import read as certificate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from builder.release.manifest import ArtifactSummary, Manifest

_DAY = dt.timedelta(days=1)
_AFTER = frozenset({"installed", "upgraded"})
_SHOWN = 3
_WITHIN = " within its domains"
_BEYOND = "beyond its domains"


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two bundles, the second an upgrade of the first, the questions about them, and what cannot be asked."""

    first: Bundle
    second: Bundle
    questions: tuple[Question, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Originals:
    """The certificates of a release, and a note about each artifact that cannot be looked into."""

    certificates: tuple[Certificate, ...]
    notes: tuple[str, ...]


def originals(folder: Path, manifest: Manifest) -> Originals:
    """Take the certificates out of the artifacts in `folder`; one in an unknown format is passed over.

    Raises ProofError where an artifact is not the one that the manifest describes, or holds other
    certificates, or none of them holds any; OutputError where that is another build's doing.
    """
    try:
        return _originals(folder, manifest)
    except ProofError:
        expect_unchanged(folder, manifest)
        raise


def _originals(folder: Path, manifest: Manifest) -> Originals:
    found: dict[str, Certificate] = {}
    notes: list[str] = []
    described = {item.sha256: item.domains for item in manifest.certificates}
    for entry in manifest.artifacts:
        data = _bytes(folder, entry)
        try:
            held = _held(entry, data)
        except PackageError as error:
            notes.append(f"its certificates were not compared with the manifest's: {error}")
            continue
        if held and held.keys() != described.keys():
            raise ProofError(f"{folder / entry.file}: holds other certificates than the manifest lists")
        found |= held
    if not found:
        raise ProofError(f"{folder}: no artifact of this release holds a certificate to make a replica of")
    # What each is meant for no certificate says.
    limited = (replace(item, domains=described[key]) for key, item in found.items())
    return Originals(tuple(limited), tuple(notes))


def _bytes(folder: Path, entry: ArtifactSummary) -> bytes:
    path = folder / entry.file
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise ProofError(f"{path}: cannot be read: {error.strerror}", hint="run the build again") from error
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ProofError(f"{path}: is not the file that the manifest describes", hint="run the build again")
    return data


def _held(entry: ArtifactSummary, data: bytes) -> dict[str, Certificate]:
    """Return the certificates of one artifact by their fingerprints."""
    contents = inspect.read(entry.file, data)
    files = {held.file for held in contents.certificates}
    items = (
        item
        for file in inspect.unpack(entry.file, data).entries
        if file.path in files
        for item in read(Input(file.path, file.data))
    )
    found = {item.sha256: item for item in items if isinstance(item, Certificate)}
    if found.keys() != contents.fingerprints:
        raise ProofError(f"{entry.file}: its certificates cannot be taken out")
    return found


def make(certificates: Sequence[Certificate], *, now: dt.datetime) -> Replicas:
    """Make a throw-away replica of each certificate, a root that the upgrade drops and one that it adds.

    One with domains is meant for this machine alone. The questions: for each kind of key and extensions a
    server under a replica, servers under those two roots, and what must always be refused: an unrelated CA, a
    wrong host name, an expired certificate, and where domains are kept to, a server beyond them.
    """
    replicas, notes = _replicas(certificates, now)
    dropped, added, unrelated = (
        authority.create(f"trustpack proof: {what} root", now=now, days=30)
        for what in ("dropped", "added", "unrelated")
    )
    kept, unable = _vouching(replicas, now)
    questions = [Question(f"kept {key}", leaf, accepted=_AFTER) for key, (_, leaf) in kept.items()]
    voucher, asked = dropped, frozenset({"installed"})
    limited = [ca for original, ca in replicas if original.domains]
    if kept:
        # Of one with domains, another host's name would be refused for two reasons.
        free = [ca for ca, _ in kept.values() if ca not in limited]
        voucher, asked = [*free, next(iter(kept.values()))[0]][0], _AFTER
    questions += [
        Question("dropped", _leaf(dropped, now), accepted=frozenset({"installed"})),
        Question("added", _leaf(added, now), accepted=frozenset({"upgraded"})),
        Question("unrelated CA", _leaf(unrelated, now), asked=_AFTER),
        Question("wrong host", authority.issue(voucher, ["elsewhere.invalid"], now=now), asked=asked),
        Question("expired leaf", _leaf(voucher, now, end=now - _DAY), asked=asked),
    ]
    questions += [
        Question(
            _BEYOND, authority.issue(ca, [HOST, "elsewhere.invalid"], now=now), asked=_AFTER, limited=True
        )
        for ca, _ in kept.values()
        if ca in limited
    ][:1]
    every = [ca for _, ca in replicas]
    return Replicas(
        first=_bundle([*every, dropped], limited),
        second=_bundle([*every, added], limited),
        questions=tuple(questions),
        notes=(*notes, *unable),
    )


def _replicas(
    certificates: Sequence[Certificate], now: dt.datetime
) -> tuple[list[tuple[Certificate, Authority]], list[str]]:
    replicas, notes = [], []
    for original in certificates:
        try:
            replicas.append((original, authority.replica(original.der, now=now)))
        except ProofError as error:
            notes.append(f"{original.label}: {error}")
    return replicas, notes


def _vouching(
    replicas: Sequence[tuple[Certificate, Authority]], now: dt.datetime
) -> tuple[dict[str, tuple[Authority, Leaf]], list[str]]:
    """Return the first replica of each kind that can vouch for this machine, by name, and the rest's names.

    A kind is a key's and what extensions there are beside it: clients differ about both.
    """
    kept: dict[str, tuple[Authority, Leaf]] = {}
    kinds: defaultdict[str, list[object]] = defaultdict(list)
    unable: defaultdict[str, list[str]] = defaultdict(list)
    for original, ca in replicas:
        leaf = _leaf(ca, now)
        reason = refusal(ca, leaf)
        if reason:
            unable[reason].append(original.label)
            continue
        kind = [(extension.oid, extension.critical) for extension in ca.certificate.extensions]
        name = original.key + (_WITHIN if original.domains else "")
        if kind not in kinds[name]:
            kinds[name].append(kind)
            number = len(kinds[name])
            kept[name + (f" ({number})" if number > 1 else "")] = ca, leaf
    notes = []
    for reason, labels in sorted(unable.items()):
        named = ", ".join(labels[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")
        count = f"{len(labels)} of {len(replicas)} certificates"
        notes.append(
            f"{count} cannot vouch for {HOST}, so no client was asked about them ({reason}): {named}"
        )
    return kept, notes


def refusal(ca: Authority, leaf: Leaf) -> str:
    """Return why OpenSSL, as strict as in Python 3.13 and later, refuses `leaf`; empty where it does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # whose handshake is over with the client's second turn
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.load_verify_locations(cadata=ca.pem.decode("ascii"))
        client = context.wrap_bio(to_client, to_server, server_hostname=HOST)
        server = server_context(leaf).wrap_bio(to_server, to_client, server_side=True)
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
        client.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return error.reason or str(error)
    return ""


def _leaf(ca: Authority, now: dt.datetime, *, end: dt.datetime | None = None) -> Leaf:
    return authority.issue(ca, [HOST], now=now, valid=(end - _DAY, end) if end else None)


def _bundle(authorities: Sequence[Authority], limited: Sequence[Authority]) -> Bundle:
    found = [_read_back(ca, (HOST,) if ca in limited else ()) for ca in authorities]
    return Bundle(tuple(sorted(found, key=lambda item: (item.label.lower(), item.sha256))))


def _read_back(ca: Authority, domains: tuple[str, ...]) -> Certificate:
    item = certificate(ssl.PEM_cert_to_DER_cert(ca.pem.decode("ascii")), Origin("replica"))
    if isinstance(item, Finding):
        raise ProofError(f"the replica cannot be read back: {item.message}")
    return replace(item, domains=domains)
