"""The JSON that `trustpack repo` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.text.schema import DocumentJson, Shape


class OfferedJson(Shape, frozen=True):
    """A release that is on the site."""

    release: str
    withdrawn: Annotated[
        str, Meta(description="Why nobody is to install it any more; empty if it is offered.")
    ]


class PublishedJson(DocumentJson, frozen=True):
    """What a change to a site did, or with --dry-run would do."""

    site: Annotated[str, Meta(description="Its folder.")]
    url: Annotated[str, Meta(description="Where it is served.")]
    organisation: Annotated[str, Meta(description="Its organisation's slug.")]
    counter: Annotated[int, Meta(description="The number of its last publication.")]
    time: Annotated[int, Meta(description="When that was signed, in seconds since 1970.")]
    expires: Annotated[int, Meta(description="Until when clients take it, in seconds since 1970.")]
    signed: bool
    dry_run: bool
    releases: list[OfferedJson]
    install: Annotated[str, Meta(description="The SHA-256 of install.sh, in hex; empty if there is none.")]
    written: Annotated[list[str], Meta(description="The files, in the order in which they were written.")]
    removed: Annotated[list[str], Meta(description="The files that nobody needs any more.")]


class ServedJson(DocumentJson, frozen=True):
    """A site that is being served on loopback."""

    site: Annotated[str, Meta(description="Its folder.")]
    url: Annotated[str, Meta(description="Where it is served, without a slash at the end.")]
    organisation: Annotated[str, Meta(description="Its organisation's slug.")]
    release: Annotated[str, Meta(description="The newest release that it offers.")]
    ca: Annotated[
        str,
        Meta(description="With --tls, the file of the throw-away CA that clients are to trust; else empty."),
    ]


class PushedJson(DocumentJson, frozen=True):
    """What came to where a site is served, or with --dry-run would come."""

    to: Annotated[str, Meta(description="The folder or bucket.")]
    url: Annotated[str, Meta(description="Where it is served.")]
    counter: Annotated[int, Meta(description="The number of the publication that is there now.")]
    dry_run: bool
    written: Annotated[list[str], Meta(description="The files, in the order in which they were written.")]
    removed: Annotated[list[str], Meta(description="The files that nobody needs any more.")]


class FetchedJson(DocumentJson, frozen=True):
    """What came from where a site is served into a folder."""

    source: Annotated[str, Meta(description="The address, bucket or folder.")]
    site: Annotated[str, Meta(description="The site's folder.")]
    organisation: Annotated[str, Meta(description="Its organisation's slug.")]
    release: Annotated[str, Meta(description="The newest release that it offers.")]
    counter: Annotated[int, Meta(description="The number of its last publication.")]
    time: Annotated[int, Meta(description="When that was signed, in seconds since 1970.")]
    expires: Annotated[int, Meta(description="Until when clients take it, in seconds since 1970.")]
    written: Annotated[list[str], Meta(description="The files, in the order in which they were written.")]
    removed: Annotated[list[str], Meta(description="The files that are no longer the site's.")]
    stale: Annotated[
        list[str],
        Meta(description="Indexes of a publication that has not ended; the next one makes them anew."),
    ]


class ExportedJson(DocumentJson, frozen=True):
    """A site in a tar file."""

    file: Annotated[str, Meta(description="The tar file.")]
    files: Annotated[int, Meta(description="How many files it holds.")]
    counter: Annotated[int, Meta(description="The number of the site's last publication.")]
