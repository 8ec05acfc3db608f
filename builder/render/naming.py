"""Names: what is made of an organisation's and a package's, and which names are somebody else's."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from builder.errors import ConfigError
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Organisation, Recipe

# What joins a name's words. Each has as many underscores in `module` as its place says, so that no two names
# with single signs between words share one.
_SIGNS = "-/._~+@:"
# Labels of letters, digits and inner hyphens; the last is no number, as an address's is.
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?")
_WIDTH = 76  # of a description in a .deb or an .rpm
# With these a package stands in the place of another, or sends it away.
_DISPLACING = ("breaks", "conflicts", "provides", "replaces")
# Packages of others that begin as those of an organisation called ca, open or the like would.
_OTHERS = frozenset(
    {
        "ca-certificates",
        "ca-certificates-bundle",
        "ca-certificates-java",
        "ca-certificates-mozilla",
        "ca-certificates-utils",
        "ca-trust",
        "certifi",
        "libssl3",
        "openssl",
        "openssl-libs",
        "p11-kit",
        "p11-kit-trust",
        "truststore",
    }
)
# Java's keywords and literals, and the package that it loads no foreign class into.
_RESERVED = frozenset(
    re.findall(
        "[a-z]+",
        "abstract assert boolean break byte case catch char class const continue default do double else enum "
        "extends false final finally float for goto if implements import instanceof int interface java long "
        "native new null package private protected public return short static strictfp super switch "
        "synchronized this throw throws transient true try void volatile while",
    )
)
_SOMEBODY_ELSES = "a package of another's name would be installed in its place: keep the slug in it"


def module(name: str) -> str:
    """Return a package's name as an identifier of its own: acme_ca for acme-ca, acme__ca for @acme/ca."""
    known = {sign: "_" * length for length, sign in enumerate(_SIGNS, start=1)}
    return re.sub(r"[^A-Za-z0-9]", lambda sign: known.get(sign[0], "_"), name.removeprefix("@"))


@lru_cache(maxsize=2)  # each target of a release asks for them
def of_owner(organisation: Organisation) -> Mapping[str, str]:
    """Return the placeholders' values that only the organisation decides."""
    return {
        "slug": organisation.slug,
        "org": organisation.name,
        "summary": organisation.summary,
        "description": organisation.description,
        "paragraph": textwrap.fill(organisation.description, _WIDTH),
        "homepage": organisation.homepage,
        "license": organisation.license,
        "site": organisation.site,
        "npm_scope": organisation.npm_scope,
        "host": host(organisation),
        "group": group(organisation),
    }


def of_name(name: str) -> dict[str, str]:
    """Return the values of those that a package's name decides: the group, too, where it has one."""
    group, colon, artifact = name.rpartition(":")
    return {
        **({"group": group} if colon else {}),
        "name": name,
        "flat": re.sub("[/:]", "-", name.removeprefix("@")),
        "artifact": artifact,
        "module": module(name),
        "java_package": java_package(name),
        "java_folder": java_package(name).replace(".", "/"),
    }


def java_package(name: str) -> str:
    """Return Maven's coordinates as a Java package, one of its own: internal.acme.acme_ca.

    Java has the underscore for what else no identifier may hold or begin with, or what its language keeps for
    itself (Java Language Specification, section 6.1, on unique package names).
    """
    return ".".join(map(_label, filter(None, re.split(r"[^A-Za-z0-9_-]+", name))))


def _label(word: str) -> str:
    word = word.replace("-", "_")
    return f"_{word}" if word[0].isdigit() else f"{word}_" if word in _RESERVED else word


def host(organisation: Organisation) -> str:
    """Return the name under which the organisation has names of its own in Go and, turned round, in Maven.

    It is the host of its site where that is a name of DNS with a dot, else one below .internal, which is
    reserved for private use.
    """
    found = (urlsplit(organisation.site).hostname or "") if organisation.site else ""
    return found if _HOST.fullmatch(found) else f"{organisation.slug}.internal"


def group(organisation: Organisation) -> str:
    """Return `host` as Maven's groups are written: the last label first."""
    return ".".join(reversed(host(organisation).split(".")))


def check_name(recipe: Recipe, organisation: Organisation, name: str, *, where: str = "") -> None:
    """Raise ConfigError for a package's name that its ecosystem forbids, or that may be somebody else's.

    `where` is what the message begins with: the configuration's key, if nothing else.
    """
    key = f"names.{recipe.target}"
    if not _matches(recipe, name):
        rule = recipe.name_rule or f"'trustpack recipes show {recipe.target}' has its name_pattern"
        raise ConfigError(
            f"{where or key}: {shown(name)} is not a name that {recipe.target} packages can have",
            hint=f"{rule}; choose one in the configuration, as {key}" if where else rule,
        )
    where = where or key
    # An npm scope is its owner's, and so is what lies below a site's host. Else a package called certifi or
    # ca-certificates would replace that one.
    below = group(organisation)
    if name.startswith(("@", f"{host(organisation)}/", f"{below}:", f"{below}.")):
        return
    if not _has_slug(name, organisation.slug):
        raise ConfigError(
            f"{where}: {shown(name)} does not contain '{organisation.slug}'", hint=_SOMEBODY_ELSES
        )
    if name in _OTHERS:
        raise ConfigError(f"{where}: {shown(name)} is somebody else's package", hint=_SOMEBODY_ELSES)


def check_relations(metadata: Mapping[str, Any], organisation: Organisation, where: str) -> None:
    """Raise ConfigError where a package would stand in the place of one that is not the organisation's."""
    for key in _DISPLACING:
        for relation in metadata.get(key, ()):
            for part in relation.split("|"):
                name = re.split(r"[\s<>=~:(]", part.strip(), maxsplit=1)[0]
                if not is_own(name, organisation.slug):
                    raise ConfigError(
                        f"{where}: {key}: {shown(name)} is somebody else's package",
                        hint=f"only packages with '{organisation.slug}' in their name may be displaced",
                    )


def is_own(name: str, slug: str) -> bool:
    """Tell whether a name is one of the organisation's: the slug's words are in it, as whole words."""
    return _has_slug(name, slug) and name not in _OTHERS


def _matches(recipe: Recipe, name: str) -> bool:
    if not recipe.own:
        return re.fullmatch(recipe.name_pattern, name) is not None
    from builder.render import apart

    return apart.matches(recipe.name_pattern, name, recipe.place("name_pattern"))


def _has_slug(name: str, slug: str) -> bool:
    """Tell whether the slug's words stand in a name as whole words: acme's in acme-ca, not in acme2-ca."""
    return f"-{slug}-" in f"-{re.sub(r'[^a-z0-9]+', '-', name.lower())}-"
