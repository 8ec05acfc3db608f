"""A site is held to its signatures, its packages to their statements, and its newest release to a lock."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import zlib
from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder import __version__
from builder.errors import OutputError, SignatureError, SiteError, VerificationError
from builder.formats import formula
from builder.lifecycle.lock import Lock  # noqa: TC001  msgspec reads annotations at run time
from builder.model import Release
from builder.provenance import authorities as cas
from builder.provenance import rebuild
from builder.provenance import statement as statements
from builder.provenance.rebuild import Rebuilt
from builder.provenance.verification import Discrepancy, Examination, Verification
from builder.release.manifest import ArtifactSummary, Manifest
from builder.repositories import check, records
from builder.repositories.records import SeenSite  # noqa: TC001  as above
from builder.repositories.status import STATUS
from builder.signing import dsse, finished
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from builder.provenance.statement import StatedFile, Statement
    from builder.repositories.check import SiteCheck
    from builder.repositories.publication import PublicSiteKeys
    from builder.repositories.state import PublishedDocument, PublishedRelease
    from builder.signing.site_verifier import SiteVerifier

_OBJECT = re.compile(r"/objects/[0-9a-f]{2}/[0-9a-f]{38}\Z")  # Git's, which Homebrew reads
# A formula on the site asks for the archives beside it, whatever address it was built with.
_REWRITTEN = ".rb"
_AHEAD = 300  # seconds that clocks may differ by


class SiteExpectation(msgspec.Struct, frozen=True):
    """The time, what was seen before, a lock; what sources build, by their digests; where keys are from."""

    now: dt.datetime
    seen: SeenSite | None = None
    lock: Lock | None = None
    lock_name: str = ""
    rebuilt: Mapping[str, Rebuilt] = {}
    keys_from: str = ""


def verify(
    name: str,
    folder: Path,
    expected: SiteExpectation,
    *,
    keys: PublicSiteKeys | None,
    verifier: SiteVerifier | None,
    scratch: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Verification, SiteCheck]:
    """Return every difference between a site in a folder and what vouches for it, and what checking it found.

    Without keys the site must be unsigned. `scratch` is an empty folder. Raises VerificationError where there
    is no site, where it is not signed by the keys, or is older than one that was seen.
    """
    seen, now, lock = expected.seen, expected.now, expected.lock
    indexes, sources = scratch / "indexes", scratch / "sources"
    indexes.mkdir()
    sources.mkdir()
    try:
        found = check.check(folder, keys, verifier, scratch=indexes, progress=progress)
        if seen is not None:
            said = found.site.status
            records.refuse_other(f"{name}/{STATUS}", said, seen, lambda: found.site.state.lineage)
    except (SiteError, SignatureError) as error:
        where = f"{name}/{STATUS}: " if isinstance(error, SignatureError) else ""
        raise VerificationError(f"{where}{error}", hint=error.hint) from None
    state = found.site.state
    newest = state.offered[-1] if state.offered else None
    stated = {one.release: _statement(found, one) for one in state.offered}
    known = _known(found)
    discrepancies = [
        *(Discrepancy(one.path, one.problem) for one in found.problems),
        *_clock(found, now),
        *(one for release in state.offered for one in _files(found, release, stated[release.release], known)),
        *(_lock(state.organisation.slug, newest, lock, expected.lock_name) if lock else ()),
    ]
    rebuilt = _rebuild(found, newest, stated, sources, expected, progress)
    other, built = _compared(rebuilt, newest, stated)
    discrepancies += _formulae(rebuilt, known)
    if lock and not discrepancies and (document := _document(newest, "source") if newest else None):
        discrepancies += rebuild.of_lock(rebuilt, lock, where=document.path, name=expected.lock_name)
    return (
        Verification(
            name=name,
            kind="site",
            organisation=state.organisation.slug,
            release=newest.release if newest else "",
            trustpack=state.made_by,
            files=found.files,
            discrepancies=tuple(sorted(dict.fromkeys((*discrepancies, *other)), key=lambda one: one.file)),
            examined=(*_examined(found, expected, stated), built),
            others=found.others,
        ),
        found,
    )


def _clock(found: SiteCheck, now: dt.datetime) -> Iterator[Discrepancy]:
    """Yield what is wrong with the time for which a site is signed."""
    status, moment = found.site.status, int(now.timestamp())
    if status.expires <= moment:
        day = dt.datetime.fromtimestamp(status.expires, dt.UTC).date()
        yield Discrepancy(STATUS, f"has expired on {day}: nobody has signed since then")
    if status.time > moment + _AHEAD:
        yield Discrepancy(STATUS, f"is signed {status.time - moment} seconds from now: a clock is wrong")


def _document(release: PublishedRelease, kind: str) -> PublishedDocument | None:
    return next((one for one in release.documents if one.kind == kind), None)


def _content(found: SiteCheck, document: PublishedDocument) -> bytes:
    """Return a document; raise OSError, or SiteError for another one, which has been told already."""
    data = files.read(found.site.folder / document.path, files.PACKAGE_BYTES)
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise SiteError(document.path)
    return data


def _statement(found: SiteCheck, release: PublishedRelease) -> Statement | None:
    """Return what a release's statement says, None where it has none that can be read."""
    document = _document(release, "statement")
    if document is None:
        return None
    try:
        return statements.decode(_content(found, document), document.path)
    except (OSError, SiteError, OutputError):
        return None


def _known(found: SiteCheck) -> frozenset[str]:
    """Return the digests of all files on a site, and of those that are in its tap, as Git keeps them."""
    digests = {listed.sha256 for listed in found.site.files.values()}
    for path in filter(_OBJECT.search, found.site.files):
        try:
            packed = files.read(found.site.folder / path, files.PACKAGE_BYTES)
            plain = zlib.decompressobj().decompress(packed, files.PACKAGE_BYTES)
        except (OSError, zlib.error):
            continue  # which has been told already
        digests.add(hashlib.sha256(plain.partition(b"\0")[2]).hexdigest())
    return frozenset(digests)


def _files(
    found: SiteCheck, release: PublishedRelease, stated: Statement | None, known: frozenset[str]
) -> Iterator[Discrepancy]:
    """Hold the site's packages to the statement about them, and that to the release that it is of."""
    document = _document(release, "statement")
    if document is None:
        return
    if stated is None:
        yield Discrepancy(document.path, "is no statement that trustpack wrote")
        return
    asked = stated.predicate.build_definition.external_parameters
    if (asked.organisation, asked.release) != (found.site.state.organisation.slug, release.release):
        yield Discrepancy(document.path, f"is about release {asked.release} of {asked.organisation}")
    envelope = _document(release, "envelope")
    if envelope and not _holds(found, envelope, document):
        yield Discrepancy(envelope.path, f"holds another statement than {document.path}")
    for one in stated.subject:
        if one.digest.sha256 in known or _resigned(found, one) or one.name.endswith(_REWRITTEN):
            continue
        yield Discrepancy(document.path, f"is about {one.name}, and the site has no such file")


def _formulae(rebuilt: Rebuilt, known: frozenset[str]) -> Iterator[Discrepancy]:
    """Look for each formula that was built as the site's tap has it."""
    for name, data in rebuilt.data.items():
        if name.endswith(_REWRITTEN):
            text = formula.beside(data.decode("utf-8")).encode()
            if not {hashlib.sha256(one).hexdigest() for one in (data, text)} & known:
                yield Discrepancy(name, "is not the formula in the site's tap")


def _holds(found: SiteCheck, envelope: PublishedDocument, document: PublishedDocument) -> bool:
    try:
        return dsse.read(_content(found, envelope), envelope.path).payload == _content(found, document)
    except (OSError, SiteError, SignatureError):
        return True  # which has been told already


def _resigned(found: SiteCheck, stated: StatedFile) -> bool:
    """Tell whether the site has a package that another key has signed since."""
    if stated.annotations is None:
        return False
    for path in found.site.files:
        if path.rpartition("/")[2] == stated.name:
            data = files.read(found.site.folder / path, files.PACKAGE_BYTES)
            if finished.identity(data) == stated.annotations.unsigned_sha256:
                return True
    return False


def _lock(organisation: str, newest: PublishedRelease | None, lock: Lock, name: str) -> Iterator[Discrepancy]:
    """Compare the newest release with a lock."""
    if organisation != lock.organisation:
        yield Discrepancy(STATUS, f"is of {organisation}, and {name} of {lock.organisation}")
    if newest is None or newest.release != lock.release.text:
        release = newest.release if newest else "none"
        yield Discrepancy(STATUS, f"has release {release} as its newest, and {name} has {lock.release.text}")
        return
    for verb, held, wanted in (
        ("trusts", newest.certificates, [one.sha256 for one in lock.certificates if one.shipped]),
        ("distrusts", newest.distrusted, [one.sha256 for one in lock.certificates if not one.shipped]),
    ):
        for one in sorted({*held} - {*wanted}):
            yield Discrepancy(STATUS, f"{verb} the CA {one}, which is none that {name} lists")
        for one in sorted({*wanted} - {*held}):
            yield Discrepancy(STATUS, f"lacks the CA {one}, which {name} lists")


def _rebuild(
    found: SiteCheck,
    newest: PublishedRelease | None,
    stated: dict[str, Statement | None],
    scratch: Path,
    expected: SiteExpectation,
    progress: Callable[[str], None],
) -> Rebuilt:
    """Build the newest release once more, from the source that the site offers."""
    statement = stated[newest.release] if newest else None
    document = _document(newest, "source") if newest else None
    if newest is None or statement is None or document is None:
        return Rebuilt(because="the newest release has no source.tar or no statement on the site")
    try:
        data = _content(found, document)
    except (OSError, SiteError):
        return Rebuilt(because=f"{document.path} was changed")
    if (known := expected.rebuilt.get(document.sha256)) is not None:
        return known
    definition, authorities = statement.predicate.build_definition, found.site.state.authorities
    targets = definition.external_parameters.targets  # of its artifacts no more is known
    manifest = Manifest(
        organisation=found.site.state.organisation.slug,
        release=newest.release,
        epoch=definition.internal_parameters.epoch,
        certificates=tuple(authorities[one] for one in newest.certificates),
        distrusted=tuple(authorities[one] for one in newest.distrusted),
        artifacts=tuple(ArtifactSummary(one, one, "", one, 0, "", "", "", "") for one in targets),
        trustpack=statement.predicate.run_details.builder.version.get("trustpack", ""),
    )
    return rebuild.rebuild(data, manifest, scratch, where=document.path, now=expected.now, progress=progress)


def _compared(
    rebuilt: Rebuilt, newest: PublishedRelease | None, stated: dict[str, Statement | None]
) -> tuple[tuple[Discrepancy, ...], Examination]:
    """Compare what was built with the statement about the files, as they were before they were signed."""
    document = _document(newest, "source") if newest else None
    statement = stated[newest.release] if newest else None
    if document is None or statement is None or rebuilt.because:
        return (), Examination("rebuild", False, f"not rebuilt, because {rebuilt.because}")
    if rebuilt.fault or rebuilt.manifest is None:
        wrong = Discrepancy(document.path, rebuilt.fault)
        return (wrong,), Examination("rebuild", False, "not rebuilt, because its source does not build")
    built = {one.file: one.sha256 for one in rebuilt.manifest.artifacts}
    said = {
        one.name: one.annotations.unsigned_sha256 if one.annotations else one.digest.sha256
        for one in statement.subject
    }
    differing = sorted(name for name in {*built, *said} if built.get(name) != said.get(name))
    version = statement.predicate.run_details.builder.version.get("trustpack", "")
    if differing and not rebuilt.pinned and version != __version__:
        by = f"because trustpack {version} made it, and this is {__version__}"
        return (), Examination("rebuild", False, f"not rebuilt to the same bytes, {by}")
    return (
        tuple(Discrepancy(name, f"is not what {document.file} builds") for name in differing),
        Examination("rebuild", True, f"built once more from {document.file}, {len(built)} files compared"),
    )


def _examined(
    found: SiteCheck, expected: SiteExpectation, stated: dict[str, Statement | None]
) -> Iterable[Examination]:
    """Yield what was looked at, and what was not and why."""
    yield Examination("files", True, f"{found.files} files of publication {found.site.state.counter}")
    if found.compared:
        yield Examination("site", True, "every index, made once more from the packages")
    else:
        said = f"indexes held to the signed list alone, because {found.site.state.made_by} made them"
        yield Examination("site", False, said)
    if by := " and ".join(found.verified_by):
        yield Examination("signatures", True, f"signatures, by {by}{expected.keys_from}")
    else:
        yield Examination("signatures", False, "no signature verified, because there are none (--unsigned)")
    if seen := expected.seen:
        yield Examination("status", True, f"it follows publication {seen.counter}, which was seen before")
    else:
        said = "whether it is an old site not told, because no publication was seen before (--record)"
        yield Examination("status", False, said)
    without = sorted(
        (one for one, each in stated.items() if each is None), key=lambda one: Release(one).numbers
    )
    if without:
        said = f"no provenance verified, because there is none of {', '.join(without)}"
        yield Examination("statement", False, said)
    else:
        said = f"the statements of {len(stated)} release{'s' * (len(stated) != 1)}"
        yield Examination("statement", True, said)
    yield cas.held_to(expected.lock, expected.lock_name)
