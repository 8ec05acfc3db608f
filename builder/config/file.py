"""trustpack.yaml: whose bundle it is, what is in it, and what is built from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.config import realms
from builder.config.private import private_markers
from builder.config.publishing import addresses
from builder.config.sections import SUMMARY, Config
from builder.config.values import Url
from builder.errors import ConfigError, UsageError
from builder.model import Organisation
from builder.text import document, urls
from builder.text.quoting import visible
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.config.sections import OrganisationSection

_KEY_HINT = "what stands here ends up in packages: take it out, and ask who else has seen it"
# Without commas: Debian takes a name with one for two maintainers.
_CONTACT = re.compile(r"(?P<name>[^<>@,]+?)\s*<(?P<email>[^<>@\s]+@[A-Za-z0-9.-]+)>")


def read(path: Path) -> Config:
    """Read and validate a configuration file; raise ConfigError naming file and line."""
    return read_with_lines(path)[0]


def read_with_lines(path: Path, realm: str | None = None) -> tuple[Config, document.Document]:
    """Read a configuration as `read` does, and return with it where each of its keys stands.

    With `realm`, that of the realm; raises UsageError where there is none of this name.
    """
    found = read_every(path)
    return found["" if realm is None else realms.named(found[""][0], realm, str(path))]


def read_every(path: Path) -> dict[str, tuple[Config, document.Document]]:
    """Read a file's configurations, as `read_with_lines` returns each: the organisation's own is first.

    Its name is empty; the others are its realms, by theirs, and have no realms in turn.
    """
    try:
        text = document.read(path)
    except FileNotFoundError:
        hint = "run 'trustpack init roots.pem --org NAME'; without one, build, lint and check take files"
        raise ConfigError(f"{path}: there is no such file", hint=hint) from None
    return parse_every(text, str(path))


def parse_every(text: str, file: str) -> dict[str, tuple[Config, document.Document]]:
    """Return what `read_every` reads from a file with this text."""
    parsed = _parsed(text, file)
    config = _checked(parsed)
    document.refuse(parsed, realms.faults(config))
    found = {"": (config, parsed)}
    for name in config.realms:
        derived = realms.derived(parsed, config, name)
        found[name] = _checked(derived), derived
    return found


def _checked(parsed: document.Document) -> Config:
    config = document.decode(parsed, Config)
    document.refuse(parsed, (*_contradictions(config.organisation), *_secrets(config)))
    return config


def address(text: str, option: str) -> str:
    """Return where a site is served, given as an option; raise UsageError for what `site` could not be.

    It comes to stand in shell lines and in files that root reads, and everybody reads it.
    """
    try:
        found = msgspec.convert(text, Url)
    except msgspec.ValidationError:
        hint = "an http or https URL, without spaces, quotes, $, & or ;"
        raise UsageError(f"{option} {visible(urls.shown(text))}: is no site's address", hint=hint) from None
    if what := urls.secret(found):
        raise UsageError(f"{option}: holds {what}, which every package would tell", hint="leave it out")
    return found


def _secrets(config: Config) -> Iterator[document.Fault]:
    """Yield a fault for each address that tells every reader of a package what is secret."""
    for path, value in (
        (("organisation", "homepage"), config.organisation.homepage),
        (("site",), config.site),
    ):
        what = urls.secret(value or "")
        if what:
            said = f"{'.'.join(path)}: holds {what}, which every package would tell"
            yield document.Fault(path, said, "give the address without it")
    for words, value in addresses(config.publish):
        what = urls.secret(value)
        if what:
            said = f"{'.'.join(words)}: holds {what}, which everybody who reads this file would know"
            yield document.Fault(
                words, said, "give the address without it; credentials are environment variables"
            )
    for words, value in _published(config):
        if urls.anonymous(value) != value:
            said = f"{'.'.join(words)}: holds a user name or a password, which a release would tell"
            yield document.Fault(words, said, "give the address without it")


def _published(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the texts that packages or the manifest tell, each with the keys that lead to it."""
    for key in ("name", "summary", "description"):
        yield ("organisation", key), getattr(config.organisation, key) or ""
    for fingerprint, authority in config.lifecycle.authorities.items():
        for key in ("owner", "evidence"):
            yield ("lifecycle", "authorities", fingerprint, key), getattr(authority, key) or ""


def _contradictions(section: OrganisationSection) -> Iterator[document.Fault]:
    """Yield what is wrong and no pattern shows."""
    if section.contact and not _CONTACT.fullmatch(section.contact):
        said = "organisation.contact: expected 'Full Name <mailbox@domain>', without a comma"
        yield document.Fault(("organisation", "contact"), said)
    if (section.license or "").count("(") != (section.license or "").count(")"):
        hint = "an SPDX licence expression: Apache-2.0, or LicenseRef-NAME for one of your own"
        yield document.Fault(
            ("organisation", "license"), "organisation.license: has an odd parenthesis", hint
        )


def _parsed(text: str, path: str) -> document.Document:
    keys.refuse_text(text, path, hint=_KEY_HINT)
    parsed = document.parse(text, path)
    for key, value in parsed.value.items() if isinstance(parsed.value, dict) else ():
        # What YAML's escapes and folded lines hide; the key's own line is where it stands.
        part = document.Document(path, value, {})
        where = f"{parsed.where((key,))}: {key}"
        keys.refuse_text(document.scalars(part), where, hint=_KEY_HINT)
    return parsed


def minimal(slug: str, paths: list[str]) -> Config:
    """Return the configuration of a build that has none: a slug and bundle paths."""
    if "" in paths:
        # It would stand for the folder that the command runs in, with whatever lies there.
        raise ConfigError("the bundle: a path is empty", hint="is a variable of the shell not set?")
    value = {"organisation": {"slug": slug}, "bundle": {"paths": paths}}
    try:
        return msgspec.convert(value, Config)
    except msgspec.ValidationError as error:
        hint = "two or more lower-case letters, digits and single hyphens, a letter first, such as 'acme'"
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
        summary=section.summary or f"CA certificates of {name}"[:SUMMARY].strip(),
        description=section.description
        or f"Adds the certificate authorities of {name} to those that TLS clients trust. "
        "Removing it takes them out again.",
        site=(config.site or "").rstrip("/"),
        npm_scope=config.npm_scope or "",
        private=private_markers(config.publish, slug, (config.site or "").rstrip("/")),
        defaulted=tuple(key for key, value in looked_up.items() if value is None),
    )
