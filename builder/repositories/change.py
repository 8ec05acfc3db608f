"""What people do to a site: each turns one draft into another, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.errors import ReleaseError
from builder.model import Release
from builder.repositories import draft as drafts
from builder.repositories import first_install, repository_package
from builder.repositories.ecosystems import ECOSYSTEMS, brew
from builder.repositories.sitefile import Kind, SiteFile
from builder.text.quoting import visible

if TYPE_CHECKING:
    from builder.repositories.draft import Draft
    from builder.repositories.publication import Publication


def withdraw(draft: Draft, release: str, *, reason: str, time: int) -> Draft:
    """Return the draft without `release` among what is offered; why, every client that can say so says.

    Raises ReleaseError for a release that is not there, and for the newest: its successor must be out first,
    or hosts would be left with what is withdrawn.
    """
    found = next((one for one in draft.state.releases if one.release == release), None)
    if found is None:
        known = ", ".join(one.release for one in draft.state.releases) or "none"
        raise ReleaseError(f"release {visible(release)}: is not on the site", hint=f"it has {known}")
    if found.withdrawn:
        if found.withdrawn != reason:
            raise ReleaseError(
                f"release {release}: is withdrawn already, because: {visible(found.withdrawn)}",
                hint="clients have that reason: it stays",
            )
        return draft
    newest = draft.state.offered[-1]
    if newest.release == release:
        raise ReleaseError(
            f"release {release}: is the newest that the site offers, and hosts that have it would keep it",
            hint="put its successor on the site first: trustpack repo add",
        )
    releases = tuple(
        replace(one, withdrawn=reason, withdrawn_at=time) if one.release == release else one
        for one in draft.state.releases
    )
    state = replace(draft.state, releases=releases)
    came = {
        name: {
            path: replace(one, entry=drafts.as_released(state.withdrawn, one.entry))
            for path, one in packages.items()
        }
        for name, packages in draft.came.items()
    }
    return replace(draft, state=state, came=came, withdrawing=True)


def keep(draft: Draft, count: int | None) -> Draft:
    """Return the draft with the newest `count` releases only (None: with all); others' packages go.

    A release that is withdrawn stays as long as an older one does: it is what people ask about. Homebrew's
    tap keeps all: whoever has pulled a commit can only be given what follows it.
    """
    if count is None or len(draft.state.releases) <= count:
        return draft
    ordered = sorted(draft.state.releases, key=lambda one: Release(one.release).numbers)
    gone = {one.release for one in ordered[:-count]}
    releases = tuple(one for one in draft.state.releases if one.release not in gone)
    came = {
        name: {
            path: one for path, one in packages.items() if name == brew.NAME or one.entry.release not in gone
        }
        for name, packages in draft.came.items()
    }
    state = replace(draft.state, releases=releases)
    kept = replace(draft, state=state, came=came, dropped=draft.dropped | gone)
    lost = _brought(draft) - _brought(kept)
    return replace(kept, files=tuple(file for file in draft.files if file.path not in lost))


def _brought(draft: Draft) -> set[str]:
    """Return the paths of what came, and of all that belongs to releases themselves."""
    packages = {path for each in draft.came.values() for one in each.values() for path in one.entry.paths}
    return packages | {path for one in draft.state.releases for path in one.paths}


def with_repository_package(draft: Draft, publication: Publication) -> Draft:
    """Return the draft with ORG-repository as the site's keys, address and packages now have it."""
    shelves = {name: draft.shelf(name) for name in ECOSYSTEMS}
    for name, released in repository_package.due(publication, shelves):
        draft = drafts.admit(draft, name, released, publication)
    return draft


def with_first_install(draft: Draft, publication: Publication) -> Draft:
    """Return the draft with install.sh as it has to be; older ones stay: people were told their digests."""
    shelves = {name: draft.shelf(name) for name in ECOSYSTEMS}
    data = first_install.script(publication, shelves)
    name = first_install.kept_name(data)
    known = draft.state.scripts
    if not data or known[-1:] == (name,):
        return draft
    scripts = (*(one for one in known if one != name), name)
    return replace(
        draft,
        state=replace(draft.state, scripts=scripts),
        files=(*draft.files, *(() if name in known else (SiteFile(name, Kind.BLOB, data),))),
    )
