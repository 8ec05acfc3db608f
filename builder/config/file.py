"""trustpack.yaml: whose bundle it is, what is in it, and what is built from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from builder.errors import ConfigError
from builder.model import Organisation
from builder.text import document
from builder.text.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "trustpack.yaml"

# Python's $ also matches before a last newline, which must not get into a package's fields; ECMAScript's, by
# which editors read the schema, does not.
_END = r"$(?!\n)"
# One line that neither starts nor ends with a space and has no control or bidirectional character.
_LINE = r"^(?! )[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+(?<! )" + _END
_Line = Annotated[str, msgspec.Meta(pattern=_LINE)]
_Slug = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*" + _END,
        min_length=2,
        max_length=40,
        description="Lower-case letters, digits and single hyphens; every package name starts with it.",
    ),
]
# RFC 3986 without what shells expand: the URL stands in the commands people are shown.
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[A-Za-z0-9._~:/?#@!,+=%\[\]-]+" + _END)]
FINGERPRINT = r"^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}" + _END
_Fingerprint = Annotated[str, msgspec.Meta(pattern=FINGERPRINT)]
_Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + _END)]
_LICENSE_ID = r"\(*[A-Za-z0-9.+:-]+( WITH [A-Za-z0-9.+:-]+)?\)*"
_LICENSE = rf"^{_LICENSE_ID}( (AND|OR) {_LICENSE_ID})*" + _END
_SUMMARY = 79  # characters: Debian's and RPM's linters ask for fewer than 80
_Treatment = Literal["refuse", "drop", "keep"]
# Without commas: Debian takes a name with one for two maintainers.
_CONTACT = re.compile(r"(?P<name>[^<>@,]+?)\s*<(?P<email>[^<>@\s]+@[A-Za-z0-9.-]+)>")


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of the file; an unknown key is an error."""


class OrganisationSection(_Struct, frozen=True):
    """Who stands behind the packages; what is not given gets a default that every ecosystem accepts."""

    slug: _Slug
    name: Annotated[_Line, msgspec.Meta(description="The organisation's name as people write it.")] | None = (
        None
    )
    homepage: (
        Annotated[
            _Url, msgspec.Meta(description="An http or https URL of a page about this CA, without $, & or ;.")
        ]
        | None
    ) = None
    contact: (
        Annotated[_Line, msgspec.Meta(description="The maintainer: Full Name <mailbox@domain>.")] | None
    ) = None
    license: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=_LICENSE,
                description="An SPDX licence expression: Apache-2.0, or LicenseRef-NAME for one of your own.",
            ),
        ]
        | None
    ) = None
    summary: (
        Annotated[
            str,
            msgspec.Meta(pattern=_LINE, max_length=_SUMMARY, description="One line, under 80 characters."),
        ]
        | None
    ) = None
    description: (
        Annotated[
            _Line, msgspec.Meta(description="One paragraph, on one line, for the deb, the rpm and the gem.")
        ]
        | None
    ) = None


class OverrideSection(_Struct, frozen=True):
    """One lint rule set aside for one certificate until a day."""

    rule: _Line
    fingerprint: Annotated[_Fingerprint, msgspec.Meta(description="A SHA-256: 64 hexadecimal digits.")]
    reason: _Line
    until: Annotated[_Day, msgspec.Meta(description="The last day on which it holds, such as 2027-03-01.")]


class BundleSection(_Struct, frozen=True):
    """Where the certificates come from and what happens to doubtful ones."""

    paths: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1)]],
        msgspec.Meta(min_length=1, description="Files and folders, from this file."),
    ]
    expired: _Treatment = "refuse"
    intermediates: _Treatment = "refuse"
    public_roots: _Treatment = "refuse"
    overrides: list[OverrideSection] = []


class AuthoritySection(_Struct, frozen=True):
    """Where one CA is in its life, who answers for it, and what follows it."""

    state: Literal["incoming", "active", "retiring", "distrusted"] = "active"
    since: Annotated[_Day, msgspec.Meta(description="The day on which it came into this state.")] | None = (
        None
    )
    until: (
        Annotated[_Day, msgspec.Meta(description="The day on which it is planned to leave this state.")]
        | None
    ) = None
    owner: _Line | None = None
    evidence: (
        Annotated[
            _Line,
            msgspec.Meta(
                description="A ticket or a document that says why; packages carry a distrusted CA's."
            ),
        ]
        | None
    ) = None
    successor: Annotated[_Fingerprint, msgspec.Meta(description="The CA that replaces it.")] | None = None


class LifecycleSection(_Struct, frozen=True):
    """Rotations as data; a CA that is not listed is active."""

    overlap: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[0-9]{1,4}d" + _END,
            description="How many days a new root is out on machines before it is needed, such as 30d.",
        ),
    ] = "30d"
    authorities: Annotated[
        dict[str, AuthoritySection],
        msgspec.Meta(
            description="CAs, by SHA-256 fingerprint.",
            extra_json_schema={"propertyNames": {"pattern": FINGERPRINT}},
        ),
    ] = {}


class Config(_Struct, frozen=True):
    """The whole file."""

    organisation: OrganisationSection
    bundle: BundleSection
    lifecycle: LifecycleSection = LifecycleSection()
    release: Annotated[str, msgspec.Meta(description="A version; without it, the UTC date.")] | None = None
    site: (
        Annotated[
            _Url, msgspec.Meta(description="The http or https URL under which the packages are published.")
        ]
        | None
    ) = None
    npm_scope: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^@[a-z0-9][a-z0-9._-]*" + _END,
                description="An npm scope, such as @acme, under which the npm package is called ca.",
            ),
        ]
        | None
    ) = None
    targets: (
        Annotated[list[str], msgspec.Meta(min_length=1, description="Without it, every target.")] | None
    ) = None
    names: Annotated[dict[str, str], msgspec.Meta(description="Package names, by target.")] = {}
    settings: Annotated[
        dict[str, dict[str, str]], msgspec.Meta(description="Recipe settings, by target.")
    ] = {}


def read(path: Path) -> Config:
    """Read and validate a configuration file; raise ConfigError naming file and line."""
    parsed = _parsed(path)
    config = document.decode(parsed, Config)
    if config.organisation.contact and not _CONTACT.fullmatch(config.organisation.contact):
        where = parsed.where(("organisation", "contact"))
        raise ConfigError(
            f"{where}: organisation.contact: expected 'Full Name <mailbox@domain>', without a comma"
        )
    if (config.organisation.license or "").count("(") != (config.organisation.license or "").count(")"):
        where = parsed.where(("organisation", "license"))
        hint = "an SPDX licence expression: Apache-2.0, or LicenseRef-NAME for one of your own"
        raise ConfigError(f"{where}: organisation.license: has an odd parenthesis", hint=hint)
    return config


def where(path: Path, key: tuple[str | int, ...]) -> str:
    """Return "file:line" of a key of a configuration file: for what is found wrong after it was read."""
    return _parsed(path).where(key)


def _parsed(path: Path) -> document.Document:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        hint = (
            "run 'trustpack init roots.pem --org NAME', or 'trustpack build roots.pem --org NAME' without one"
        )
        raise ConfigError(f"{path}: there is no such file", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return document.parse(text, str(path))


def minimal(slug: str, paths: list[str]) -> Config:
    """Return the configuration of a build that has none: a slug and bundle paths."""
    if "" in paths:
        # It would stand for the folder that the command runs in, with whatever lies there.
        raise ConfigError("the bundle: a path is empty", hint="is a variable of the shell not set?")
    value = {"organisation": {"slug": slug}, "bundle": {"paths": paths}}
    try:
        return msgspec.convert(value, Config)
    except msgspec.ValidationError as error:
        hint = "lower-case letters, digits and single hyphens, starting with a letter, such as 'acme'"
        raise ConfigError(f"--org '{visible(slug)}': is not a usable name", hint=hint) from error


def organisation(config: Config) -> Organisation:
    """Return the organisation with a default, named in `defaulted`, for everything not configured.

    The `.internal` domain is reserved for private use and `.example` for none, so no default points at a
    stranger. Debian's linter knows no mailbox in `.internal`.
    """
    section = config.organisation
    slug = section.slug
    name = section.name or slug.replace("-", " ").title()
    person = re.sub(r"[<>@,]", "", name)
    contact = section.contact or f"{person} PKI <pki@{slug}.example>"
    found = _CONTACT.fullmatch(contact)
    if found is None:
        raise ConfigError(f"organisation.contact: '{contact}' is not 'Full Name <mailbox@domain>'")
    looked_up = {"contact": section.contact, "homepage": section.homepage, "license": section.license}
    return Organisation(
        slug=slug,
        name=name,
        homepage=section.homepage or f"https://pki.{slug}.internal/",
        contact_name=found["name"],
        contact_email=found["email"],
        license=section.license or "Apache-2.0",
        summary=section.summary or f"CA certificates of {name}"[:_SUMMARY].strip(),
        description=section.description
        or f"Adds the certificate authorities of {name} to those that TLS clients trust. "
        "Removing it takes them out again.",
        site=(config.site or "").rstrip("/"),
        npm_scope=config.npm_scope or "",
        defaulted=tuple(key for key, value in looked_up.items() if value is None),
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of trustpack.yaml."""
    result = msgspec.json.schema(Config)
    # We read 2026.10 as it is written; an editor takes it for a number.
    result["$defs"]["Config"]["properties"]["release"]["anyOf"].append({"type": "number"})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **result}
