"""The JSON that `inspect --json` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from builder.text.schema import DocumentJson, Moment, Sha256, Shape, Subject


class PackedFileJson(Shape, frozen=True):
    """One file, folder or link of a package."""

    path: str
    kind: Literal["file", "dir", "link"]
    mode: Annotated[str, Meta(pattern="^[0-7]{4,}$", description="In octal digits, such as 0644.")]
    size: Annotated[int, Meta(description="In bytes.")]
    sha256: Annotated[str, Meta(description="Of the content; empty for a folder or a link.")]
    owner: Annotated[str, Meta(description="user:group; empty where the format has none.")]
    link: Annotated[str, Meta(description="Where a link leads.")]


class NameConstraintsJson(Shape, frozen=True):
    """The name constraints of a certificate itself; both lists are empty where they cannot be read."""

    permitted: list[str]
    excluded: list[str]


class PackedCertificateJson(Shape, frozen=True):
    """One certificate in one file of a package."""

    file: str
    sha256: Sha256
    label: Annotated[str, Meta(description="A short name for people.")]
    subject: Subject
    not_before: Moment
    not_after: Moment
    domains: Annotated[
        list[str],
        Meta(
            description="The names that it is meant for, as the package says, or the manifest or the site "
            "in whose folder it is. None stands for all, and where nothing says it. Not every client keeps "
            "to them."
        ),
    ]
    constraints: Annotated[
        NameConstraintsJson | None,
        Meta(description="null without any, or where the certificate is not in the package."),
    ]


class FlawJson(Shape, frozen=True):
    """What is wrong with one file or script of a package."""

    file: str
    what: Annotated[str, Meta(description="What is wrong, or the kind of private key.")]


class PackageJson(Shape, frozen=True):
    """Everything inside one package."""

    file: Annotated[str, Meta(description="The package's path, as it was given.")]
    format: str
    name: str
    version: str
    metadata: Annotated[dict[str, str], Meta(description="The format's own fields, by name.")]
    files: list[PackedFileJson]
    scripts: Annotated[
        dict[str, str], Meta(description="By name, whatever runs without being called: its text.")
    ]
    certificates: list[PackedCertificateJson]
    distrusted: Annotated[
        list[PackedCertificateJson] | None,
        Meta(description="null where nothing in the package could say so."),
    ]
    unreadable: Annotated[list[FlawJson], Meta(description="Certificates that cannot be read.")]
    private_keys: Annotated[
        list[FlawJson], Meta(description="What no package may hold; with one, the exit status is 5.")
    ]


class DamagedJson(Shape, frozen=True):
    """A package that cannot be read."""

    file: Annotated[str, Meta(description="The package's path, as it was given.")]
    error: Annotated[str, Meta(description="What is wrong with it.")]


class InspectJson(DocumentJson, frozen=True):
    """What the packages hold."""

    packages: list[PackageJson]
    passed_over: Annotated[list[str], Meta(description="The files that are no packages.")]
    damaged: Annotated[list[DamagedJson], Meta(description="With one, the exit status is 10.")]
