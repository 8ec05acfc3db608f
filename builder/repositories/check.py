"""A site is held to what it says of itself: every byte, every index, every signature."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import SignatureError, SiteError
from builder.release.atomic import TEMPORARY
from builder.repositories import maker, status
from builder.repositories import site as sites
from builder.repositories.derive import derive
from builder.repositories.draft import Draft
from builder.repositories.ecosystems import rpm
from builder.repositories.publication import Publication
from builder.repositories.retrace import Retracing, Unverifiable
from builder.repositories.staging import stage
from builder.repositories.stores import JOURNAL
from builder.text import files as reading

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from builder.repositories.publication import PublicSiteKeys
    from builder.repositories.retrace import SignatureVerifier
    from builder.repositories.site import Site
    from builder.repositories.sitefile import Listed
    from builder.repositories.staging import Staged, StagingArea

MISMATCH = "does not match the packages on the site"
_CHUNK = 1024 * 1024
_OURS = "cryptography"  # the library that our own verifier calculates with
_DETACHED = {".asc", ".gpg", ".sig"}
_CLEAR = {"InRelease", status.STATUS.rpartition("/")[2]}
_MOST = 16 * 1024 * 1024  # bytes of a signed index, or of a signature


class SiteProblem(msgspec.Struct, frozen=True, order=True):
    """A file of the site, and what is wrong with it."""

    path: str
    problem: str


class SiteCheck(msgspec.Struct, frozen=True):
    """What came of checking a site: `files` are all that it lists, `others` those that are not its own.

    `unfinished` tells of a publication that did not end, `compared` whether the indexes were made once more,
    and `verified_by` what has verified the signatures.
    """

    site: Site
    files: int
    problems: tuple[SiteProblem, ...]
    others: tuple[str, ...]
    unfinished: bool
    compared: bool = True
    verified_by: tuple[str, ...] = ()


def check(
    folder: Path,
    keys: PublicSiteKeys | None,
    verifier: SignatureVerifier | None,
    *,
    scratch: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> SiteCheck:
    """Look at every file of a site; `scratch` is a folder in which its indexes are made once more.

    Without keys and a verifier the site must be unsigned. Raises SiteError where there is none, or where its
    own files are damaged so that the others cannot be told, and SignatureError for another's signature.
    """
    site = sites.read(folder, keys)
    if site is None:
        raise SiteError(f"{folder}: holds no site", hint="make one with 'trustpack repo build'")
    there, listed = dict(_regular(folder)), site.files
    progress("reading every file")
    problems = {one.path: one for one in _contents(folder, listed.values(), there)}
    if problem := _status(site, verifier):
        problems[problem.path] = problem
    for problem in _envelopes(site, verifier):
        problems.setdefault(problem.path, problem)
    # Another trustpack's page, or another zlib's index, has other bytes: then the signed list alone says it.
    compared = site.state.made_by == maker.name()
    if compared:
        progress("making every index once more")
        with stage(scratch) as staging:
            for problem in _indexes(site, listed, keys, verifier, staging):
                problems.setdefault(problem.path, problem)
    own = {*listed, status.STATUS, JOURNAL}
    return SiteCheck(
        site=site,
        files=len(listed) + 1,
        problems=tuple(sorted(problems.values())),
        others=tuple(sorted(path for path in there if path not in own and TEMPORARY not in path)),
        unfinished=JOURNAL in there,
        compared=compared,
        verified_by=(_OURS,) if verifier else (),
    )


def signatures(site: Site, files: Collection[str]) -> Iterator[tuple[Path, Path | None]]:
    """Yield each OpenPGP signature among a site's files with the file that it is about, None where within.

    Not those of earlier generations of rpm's index, which lie about for who has begun to read one: a key that
    is retired meanwhile may have signed them.
    """
    current = rpm.generation_of(site.state.time)
    for path in sorted({*files, status.STATUS}):
        if path.startswith(rpm.GENERATIONS) and not path.startswith(f"{current}/"):
            continue
        about, dot, ending = path.rpartition(".")
        if dot and f".{ending}" in _DETACHED and about in files:
            yield site.folder / path, site.folder / about
        elif path.rpartition("/")[2] in _CLEAR:
            yield site.folder / path, None


def with_second_opinion(found: SiteCheck, name: str, refused: Iterable[tuple[Path, str]]) -> SiteCheck:
    """Return a check with what another program says of signatures; `refused` are those, and why."""
    told = {one.path for one in found.problems}
    more = [
        SiteProblem(str(path.relative_to(found.site.folder)), f"{name} refuses the signature: {said}")
        for path, said in refused
    ]
    problems = (*found.problems, *(one for one in more if one.path not in told))
    return replace(found, problems=tuple(sorted(problems)), verified_by=(*found.verified_by, name))


def _regular(folder: Path, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Yield each path below it that is no folder, and whether it is a file; links are not followed."""
    with os.scandir(folder / prefix) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _regular(folder, f"{path}/")
            else:
                yield path, stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)


def _contents(folder: Path, files: Iterable[Listed], there: Mapping[str, bool]) -> Iterator[SiteProblem]:
    """Compare every listed file with the list."""
    for listed in files:
        if listed.path not in there:
            yield SiteProblem(listed.path, "is missing")
        elif not there[listed.path]:
            yield SiteProblem(listed.path, "is a link, or something else that is no file")
        elif problem := _differs(folder / listed.path, listed):
            yield SiteProblem(listed.path, problem)


def _differs(path: Path, listed: Listed) -> str:
    digest = hashlib.sha256()
    try:
        with reading.opened(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != listed.size:
                return f"has {size} bytes, and the site's list says {listed.size}"
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return "" if digest.hexdigest() == listed.sha256 else "holds something else than the site's list says"


def _status(site: Site, verifier: SignatureVerifier | None) -> SiteProblem | None:
    """Hold the status to the form in which it is written: nothing else vouches for its bytes."""
    text = reading.read(site.folder / status.STATUS, status.LIMIT)
    state = site.state
    try:
        plain = verifier.exact(text.decode()) if verifier else text.decode()
    except (SignatureError, UnicodeDecodeError):
        plain = ""
    if plain != status.to_text(site.status, None):
        return SiteProblem(status.STATUS, "is not written as trustpack does")
    newest = state.offered[-1].release if state.offered else ""
    said = (site.status.url, site.status.release, site.status.time, site.status.expires)
    if said != (state.url, newest, state.time, state.expires):
        return SiteProblem(status.STATUS, "says other things than the site's state")
    return None


def _envelopes(site: Site, verifier: SignatureVerifier | None) -> Iterator[SiteProblem]:
    """Verify the releases' statements: whoever takes one elsewhere has its own signature alone."""
    if verifier is None:
        return
    for document in (one for each in site.state.releases for one in each.documents):
        if document.kind != "envelope":
            continue
        try:
            verifier.statement(reading.read(site.folder / document.path, _MOST), "it")
        except OSError:
            continue  # which the comparison with the list tells
        except SignatureError as error:
            yield SiteProblem(document.path, str(error).removeprefix("it: "))


def _indexes(
    site: Site,
    files: Mapping[str, Listed],
    keys: PublicSiteKeys | None,
    verifier: SignatureVerifier | None,
    staging: StagingArea,
) -> Iterator[SiteProblem]:
    """Derive every index once more from what is kept, and compare; verify what is signed."""
    retracing = Retracing(keys, verifier) if keys and verifier else None
    state = site.state
    publication = Publication(
        organisation=state.organisation,
        url=state.url,
        time=state.time,
        expires=state.expires,
        counter=state.counter,
        keys=retracing,
        architectures=state.architectures,
    )
    try:
        derive(Draft(site, state), publication, staging)
    except SiteError as error:  # a kept text that differs: the file itself has been told already
        yield SiteProblem(status.STATUS, f"the indexes cannot be made from what is kept: {error}")
        return
    own = {site.status.state.path, site.status.files.path, status.STATUS}
    for path, staged in staging.files.items():
        if not path.startswith(_OWN) and (problem := _index(site.folder, files, staged, retracing)):
            yield SiteProblem(path, problem)
    known = {*staging.files, *_packages(site), *state.superseded, *state.scripts, *own}
    for path in files.keys() - known:
        yield SiteProblem(path, "is in the site's list, and belongs to nothing on the site")


def _packages(site: Site) -> Iterator[str]:
    """Yield the path of every file that belongs to a package or a release, and is not derived."""
    yield from (path for one in site.state.releases for path in one.paths)
    for shelf in site.shelves.values():
        for entry in shelf.entries:
            yield from entry.paths


_OWN = ("trustpack/state-", "trustpack/files-", status.STATUS)


def _index(folder: Path, files: Mapping[str, Listed], staged: Staged, retracing: Retracing | None) -> str:
    listed = files.get(staged.listed.path)
    if listed is None:
        return "follows from the site's packages, and is not in its list"
    if retracing is None or staged.listed.sha256 not in retracing:
        same = (listed.sha256, listed.size) == (staged.listed.sha256, staged.listed.size)
        return "" if same else MISMATCH
    try:
        retracing.verify(staged.listed.sha256, reading.read(folder / listed.path, _MOST))
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except Unverifiable as error:
        return str(error)
    return ""
