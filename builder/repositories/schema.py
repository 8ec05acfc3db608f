"""The JSON that `trustpack repo` prints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from builder.text.schema import DocumentJson, Shape

# What several documents say of a site, each worded once.
Folder = Annotated[str, Meta(description="Its folder.")]
Slug = Annotated[str, Meta(description="Its organisation's slug.")]
Address = Annotated[str, Meta(description="Where it is served.")]
Counter = Annotated[int, Meta(description="The number of its last publication.")]
Signed = Annotated[int, Meta(description="When that was signed, in seconds since 1970.")]
Expires = Annotated[int, Meta(description="Until when clients take it, in seconds since 1970.")]
_Newest = Annotated[str, Meta(description="The newest release that it offers.")]
_Written = Annotated[list[str], Meta(description="The files, in the order in which they were written.")]
_Removed = Annotated[list[str], Meta(description="The files that nobody needs any more.")]


class OfferedJson(Shape, frozen=True):
    """A release that is on the site."""

    release: str
    withdrawn: Annotated[
        str, Meta(description="Why nobody is to install it any more; empty if it is offered.")
    ]


class PublishedJson(DocumentJson, frozen=True):
    """What a change to a site did, or with --dry-run would do."""

    site: Folder
    url: Address
    organisation: Slug
    counter: Counter
    time: Signed
    expires: Expires
    signed: bool
    dry_run: bool
    releases: list[OfferedJson]
    install: Annotated[str, Meta(description="The SHA-256 of install.sh, in hex; empty if there is none.")]
    written: _Written
    removed: _Removed


class ServedJson(DocumentJson, frozen=True):
    """A site that is being served on loopback."""

    site: Folder
    url: Annotated[str, Meta(description="Where it is served, without a slash at the end.")]
    organisation: Slug
    release: _Newest
    ca: Annotated[
        str,
        Meta(description="With --tls, the file of the throw-away CA that clients are to trust; else empty."),
    ]


class PushedJson(DocumentJson, frozen=True):
    """What came to where a site is served, or with --dry-run would come."""

    to: Annotated[str, Meta(description="The folder or bucket.")]
    url: Address
    counter: Annotated[int, Meta(description="The number of the publication that is there now.")]
    dry_run: bool
    written: _Written
    removed: _Removed


class FetchedJson(DocumentJson, frozen=True):
    """What came from where a site is served into a folder."""

    source: Annotated[str, Meta(description="The address, bucket or folder.")]
    site: Annotated[str, Meta(description="The site's folder.")]
    organisation: Slug
    release: _Newest
    counter: Counter
    time: Signed
    expires: Expires
    written: _Written
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
