"""The keys of trustpack.yaml: what each is for, and what may stand there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from builder.config.approving import ApprovalsSection  # noqa: TC001  msgspec reads annotations at run time
from builder.config.hosts import HostsSection  # noqa: TC001  msgspec reads annotations at run time
from builder.config.provenance import ProvenanceSection
from builder.config.publishing import PublishSection
from builder.config.repository import RepositorySection
from builder.config.values import FINGERPRINT, Day, Fingerprint, Section, Url
from builder.model import State  # noqa: TC001  msgspec reads annotations at run time
from builder.text.values import END, LINE, Line

FILE_NAME = "trustpack.yaml"
REALM = r"^[a-z0-9]+(-[a-z0-9]+)*" + END  # what comes after the slug in a realm's own

SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*" + END
LONGEST_SLUG = 40
_Slug = Annotated[
    str,
    msgspec.Meta(
        pattern=SLUG,
        min_length=2,
        max_length=LONGEST_SLUG,
        description="Lower-case letters, digits and single hyphens, a letter first; "
        "every package name starts with it.",
    ),
]
_LICENSE_ID = r"\(*[A-Za-z0-9.+:-]+( WITH [A-Za-z0-9.+:-]+)?\)*"
_LICENSE = rf"^{_LICENSE_ID}( (AND|OR) {_LICENSE_ID})*" + END
_LONGEST = 300  # characters of a name, and of a mailbox with one: SMTP's longest is 254
SUMMARY = 79  # characters: Debian's and RPM's linters ask for fewer than 80
_Treatment = Literal["refuse", "drop", "keep"]


class OrganisationSection(Section, frozen=True):
    """Who stands behind the packages; what is not given gets a default that every ecosystem accepts."""

    slug: _Slug
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=LINE,
                max_length=_LONGEST,
                description="The organisation's name as people write it, on one line without controls.",
            ),
        ]
        | None
    ) = None
    homepage: (
        Annotated[
            Url,
            msgspec.Meta(description="A page about this CA: an http or https URL, without $, & or ;."),
        ]
        | None
    ) = None
    contact: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=LINE,
                max_length=_LONGEST,
                description="The maintainer, on one line: Full Name <mailbox@domain>.",
            ),
        ]
        | None
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
            msgspec.Meta(
                pattern=LINE,
                max_length=SUMMARY,
                description="One line, under 80 characters, without controls.",
            ),
        ]
        | None
    ) = None
    description: (
        Annotated[
            Line,
            msgspec.Meta(description="One paragraph, on one line without controls: a package's longer text."),
        ]
        | None
    ) = None


class OverrideSection(Section, frozen=True):
    """One lint rule set aside for one certificate until a day."""

    rule: Annotated[Line, msgspec.Meta(description="The rule, as 'trustpack explain' lists it.")]
    fingerprint: Fingerprint
    reason: Annotated[Line, msgspec.Meta(description="Why it is accepted, on one line.")]
    until: Annotated[Day, msgspec.Meta(description="The last day on which it holds, such as 2027-03-01.")]


class BundleSection(Section, frozen=True):
    """Where the certificates come from and what happens to doubtful ones."""

    paths: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1)]],
        msgspec.Meta(min_length=1, description="Files and folders, from this file."),
    ]
    expired: Annotated[_Treatment, msgspec.Meta(description="What to do with expired certificates.")] = (
        "refuse"
    )
    intermediates: Annotated[
        _Treatment, msgspec.Meta(description="What to do with CAs that are not roots.")
    ] = "refuse"
    public_roots: Annotated[_Treatment, msgspec.Meta(description="What to do with public CAs' roots.")] = (
        "refuse"
    )
    overrides: Annotated[
        list[OverrideSection], msgspec.Meta(description="Errors of lint that are accepted for a while.")
    ] = msgspec.field(default_factory=list)


class AuthoritySection(Section, frozen=True):
    """Where one CA is in its life, who answers for it, and what follows it."""

    state: Annotated[
        State,
        msgspec.Meta(description="Where the CA is in its life: 'trustpack docs rotate' tells of each."),
    ] = "active"
    since: (
        Annotated[Day, msgspec.Meta(description="Since when it is in this state, such as 2027-03-01.")] | None
    ) = None
    until: (
        Annotated[
            Day,
            msgspec.Meta(description="The day on which it is to leave this state, such as 2027-03-01."),
        ]
        | None
    ) = None
    owner: Annotated[Line, msgspec.Meta(description="Who answers for the CA, on one line.")] | None = None
    evidence: (
        Annotated[
            Line,
            msgspec.Meta(
                description="What says why, such as a ticket, on one line; packages carry a distrusted CA's."
            ),
        ]
        | None
    ) = None
    successor: (
        Annotated[
            Fingerprint,
            msgspec.Meta(description="The SHA-256 of the CA that replaces it, 64 hexadecimal digits."),
        ]
        | None
    ) = None
    domains: (
        Annotated[
            list[Annotated[Line, msgspec.Meta(min_length=1)]],
            msgspec.Meta(
                min_length=1,
                max_length=100,
                description="The names that it is meant for: domains, each with all names below it, and "
                "networks such as 10.0.0.0/8. 'trustpack docs domains' says which targets keep to them.",
            ),
        ]
        | None
    ) = None


class LifecycleSection(Section, frozen=True):
    """Rotations as data; a CA that is not listed is active."""

    fail_on: Annotated[
        Literal["error", "warning"],
        msgspec.Meta(
            description="Whether what 'trustpack plan' warns of stops lock and build, too, with status 1."
        ),
    ] = "error"

    overlap: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[0-9]{1,4}d" + END,
            description="How many days a new root is out on machines before it is needed, such as 30d.",
        ),
    ] = "30d"
    hosts: HostsSection | None = None
    authorities: Annotated[
        dict[str, AuthoritySection],
        msgspec.Meta(
            description="CAs, by SHA-256 fingerprint.",
            extra_json_schema={"propertyNames": {"pattern": FINGERPRINT}},
        ),
    ] = msgspec.field(default_factory=dict)


_NpmScope = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^@[a-z0-9]+([._-][a-z0-9]+)*" + END,
        description="An npm scope, such as @acme, lower case; the package is then @acme/ca.",
    ),
]
_Targets = Annotated[
    list[str],
    msgspec.Meta(min_length=1, description="Without it, those that are built by default; all: every one."),
]
_Names = Annotated[dict[str, str], msgspec.Meta(description="Package names, by target.")]
_Settings = Annotated[dict[str, dict[str, str]], msgspec.Meta(description="Recipe settings, by target.")]


class RealmSection(Section, frozen=True):
    """A further bundle: what it does not give it has from above, as 'trustpack docs realms' tells."""

    bundle: BundleSection
    name: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=LINE,
                max_length=_LONGEST,
                description="The realm's name as people write it; without it, such as Acme (staging).",
            ),
        ]
        | None
    ) = None
    lifecycle: LifecycleSection = LifecycleSection()
    release: (
        Annotated[str, msgspec.Meta(description="A version of its own; without it, the UTC date.")] | None
    ) = None
    site: (
        Annotated[Url, msgspec.Meta(description="Where its packages are published: another place.")] | None
    ) = None
    repository: RepositorySection = RepositorySection()
    publish: PublishSection = PublishSection()
    provenance: ProvenanceSection = ProvenanceSection()
    approvals: ApprovalsSection | None = None
    npm_scope: _NpmScope | None = None
    targets: _Targets | None = None
    names: _Names = msgspec.field(default_factory=dict)
    settings: _Settings = msgspec.field(default_factory=dict)


class Config(Section, frozen=True):
    """Only organisation and bundle are needed; what is not given has a default."""

    organisation: OrganisationSection
    bundle: BundleSection
    lifecycle: LifecycleSection = LifecycleSection()
    release: Annotated[str, msgspec.Meta(description="A version; without it, the UTC date.")] | None = None
    site: (
        Annotated[
            Url,
            msgspec.Meta(
                description="Where the packages are published: an http or https URL, without $, & or ;."
            ),
        ]
        | None
    ) = None
    repository: RepositorySection = RepositorySection()
    publish: PublishSection = PublishSection()
    provenance: ProvenanceSection = ProvenanceSection()
    approvals: ApprovalsSection | None = None
    npm_scope: _NpmScope | None = None
    targets: _Targets | None = None
    names: _Names = msgspec.field(default_factory=dict)
    settings: _Settings = msgspec.field(default_factory=dict)
    realms: Annotated[
        dict[str, RealmSection],
        msgspec.Meta(
            description="Further bundles, by name: --realm NAME builds, signs and publishes one of them.",
            extra_json_schema={"propertyNames": {"pattern": REALM}},
        ),
    ] = msgspec.field(default_factory=dict)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of trustpack.yaml."""
    result = msgspec.json.schema(Config)
    # We read 2026.10 as it is written; an editor takes it for a number.
    for name in ("Config", "RealmSection"):
        result["$defs"][name]["properties"]["release"]["anyOf"].append({"type": "number"})
    result["$defs"]["RepositorySection"]["properties"]["keep"]["anyOf"].append(
        {"type": "integer", "minimum": 2}
    )
    counts = result["$defs"]["ApprovalsSection"]["properties"]
    number = {"type": "integer", "minimum": 1, "maximum": 99}
    counts["needed"] = {"anyOf": [counts["needed"], number]}
    counts["distrust"]["anyOf"].append(number)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **result}
