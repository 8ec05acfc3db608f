"""What people type for a JVM, and what Maven and Gradle are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystem import Instructions
from builder.repositories.ecosystems import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.repositories.entry import SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf


_NOTES = (
    (
        "Maven: name {url} as a repository, with checksumPolicy fail, and the dependency {name} in the "
        "version [1.0,): a range takes each new release at the next build, a number stays."
    ),
    (
        'Gradle: exclusiveContent with a maven repository at {url} and includeGroup("{group}"), and '
        'implementation("{name}:1.+"): the group is asked for there alone.'
    ),
    "In Spring Boot the dependency is enough. Elsewhere a JVM is started with -javaagent:{artifact}.jar.",
    "A JVM that is told of an agent that is gone does not start: take the option away before the file.",
)


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type to have the jar, and to see that it works."""
    entry = versions.latest(shelf)
    return [*_told(entry, publication)] if entry else []


def _told(entry: SiteEntry, publication: Publication) -> Iterator[Instructions]:
    group, _, artifact = entry.name.partition(":")
    url = f"{publication.url}/{entry.path}"
    # While it is fetched, a JVM that starts must find the old one whole.
    newer = f"{artifact}.jar.new"
    words = {
        "url": f"{publication.url}/maven",
        "name": entry.name,
        "group": group,
        "artifact": artifact,
    }
    yield Instructions(
        id="java",
        title="Java: any JVM, Maven, Gradle",
        setup="",
        install=f"curl -fsSLo {artifact}.jar {url}\n",
        verify=f"java -javaagent:{artifact}.jar -jar {artifact}.jar doctor\n",
        upgrade=f"curl -fsSLo {newer} {url}\nmv {newer} {artifact}.jar\n",
        remove=f"rm {artifact}.jar\n",
        notes=tuple(note.format(**words) for note in _NOTES),
    )
