"""The `publish` section of trustpack.yaml: the registries that a release goes to, and which are public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.config.values import Section
from builder.text.values import END

if TYPE_CHECKING:
    from collections.abc import Iterator

_Address = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[A-Za-z0-9._~:/@!,+=%\[\]-]+" + END,
        description="A registry's http or https URL, without spaces, quotes, ?, #, $, & or ;.",
    ),
]
_Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*" + END,
        description="Letters, digits, dots, hyphens and underscores.",
    ),
]
_Variable = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Z_][A-Z0-9_]*" + END,
        description="A variable of the environment, in capitals, such as ARTIFACTORY_TOKEN.",
    ),
]
Destination = Literal["pypi", "npm", "rubygems", "github", "gitlab", "gitea", "http"]
# What `trustpack publish --to` takes, in the order in which it publishes.
DESTINATIONS: tuple[Destination, ...] = ("pypi", "npm", "rubygems", "github", "gitlab", "gitea", "http")
# Those whose packages say in themselves where they may go.
MARKED: tuple[Destination, ...] = ("pypi", "npm", "rubygems")


class PyPISection(Section, frozen=True):
    """Where wheels go: a package index of Python."""

    url: (
        Annotated[_Address, msgspec.Meta(description="Where files are uploaded; without it, PyPI.")] | None
    ) = None
    index: (
        Annotated[
            _Address,
            msgspec.Meta(description="Its simple index, where it is not simple/ below that address."),
        ]
        | None
    ) = None


class NpmSection(Section, frozen=True):
    """Where npm packages go."""

    url: (
        Annotated[_Address, msgspec.Meta(description="The registry; without it, npm's public one.")] | None
    ) = None


class RubyGemsSection(Section, frozen=True):
    """Where gems go."""

    url: (
        Annotated[_Address, msgspec.Meta(description="The gem server; without it, the public one.")] | None
    ) = None


class GitHubSection(Section, frozen=True):
    """Where a release's files are attached to a release of a repository."""

    repository: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+" + END,
            description="The repository: owner/name.",
        ),
    ]
    url: Annotated[_Address, msgspec.Meta(description="The REST API; without it, GitHub's own.")] | None = (
        None
    )


class GitLabSection(Section, frozen=True):
    """Where a release's files become generic packages of a project."""

    url: Annotated[_Address, msgspec.Meta(description="The server, such as https://gitlab.acme.internal.")]
    project: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*" + END,
            description="The project: its number, or group/name.",
        ),
    ]


class GiteaSection(Section, frozen=True):
    """Where a release's files become generic packages of an owner: Gitea, and Forgejo."""

    url: Annotated[_Address, msgspec.Meta(description="The server, such as https://git.acme.internal.")]
    owner: Annotated[_Name, msgspec.Meta(description="The user or organisation.")]


class HttpSection(Section, frozen=True):
    """A repository that takes files over HTTP, each by one request."""

    url: Annotated[_Address, msgspec.Meta(description="The repository's own address.")]
    profile: Annotated[
        Literal["plain", "artifactory", "nexus", "gitea"],
        msgspec.Meta(description="Whose paths it wants: 'trustpack docs publish-registries' has them."),
    ] = "plain"
    targets: (
        Annotated[list[str], msgspec.Meta(min_length=1, description="Without it, every target.")] | None
    ) = None
    distribution: Annotated[
        _Name, msgspec.Meta(description="Of a .deb in Artifactory: the distribution.")
    ] = "stable"
    component: Annotated[_Name, msgspec.Meta(description="Of a .deb in Artifactory: the component.")] = "main"
    variable: Annotated[
        _Variable, msgspec.Meta(description="The variable that holds the token or password.")
    ] = "TRUSTPACK_HTTP_TOKEN"
    user: (
        Annotated[
            _Name,
            msgspec.Meta(description="Who the password is of; without it, a token is sent as a bearer's."),
        ]
        | None
    ) = None


class PublishSection(Section, frozen=True):
    """The registries that `trustpack publish` knows, and which of the public ones may have the packages."""

    public: Annotated[
        list[Literal["pypi", "npm", "rubygems", "github", "gitlab", "gitea"]],
        msgspec.Meta(
            description="Where packages may go to a registry that everybody reads; without it, nowhere."
        ),
    ] = msgspec.field(default_factory=list)
    pypi: PyPISection = PyPISection()
    npm: NpmSection = NpmSection()
    rubygems: RubyGemsSection = RubyGemsSection()
    github: GitHubSection | None = None
    gitlab: GitLabSection | None = None
    gitea: GiteaSection | None = None
    http: Annotated[
        dict[str, HttpSection], msgspec.Meta(description="Repositories, each by a name of your own.")
    ] = msgspec.field(default_factory=dict)


def addresses(section: PublishSection) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every address in the section with the keys that lead to it."""
    named: dict[tuple[str, ...], str | None] = {
        ("pypi", "url"): section.pypi.url,
        ("pypi", "index"): section.pypi.index,
        ("npm", "url"): section.npm.url,
        ("rubygems", "url"): section.rubygems.url,
        ("github", "url"): section.github.url if section.github else None,
        ("gitlab", "url"): section.gitlab.url if section.gitlab else None,
        ("gitea", "url"): section.gitea.url if section.gitea else None,
        **{("http", name, "url"): one.url for name, one in section.http.items()},
    }
    for words, url in named.items():
        yield ("publish", *words), url or ""
