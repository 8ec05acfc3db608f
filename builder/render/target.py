"""Render: a recipe, a bundle and a release become packages; pure but for reading the recipe's files."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import ConfigError
from builder.formats.compression import gzip
from builder.model import FILE_NAME, File, Package
from builder.model.recipe import PER_CERTIFICATE
from builder.model.release import Release
from builder.render import changelog
from builder.render.inventory import inventory
from builder.render.recipe import choose, fill
from builder.render.template import rendered, static
from builder.text.faults import shown
from builder.text.quoting import visible
from builder.x509.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.model import Bundle, Certificate, Organisation, Output, Recipe, RecipeFile, Revision


_WIDTH = 76  # of a description in a .deb or an .rpm
# What joins a name's words. Each has as many underscores in `module` as its place says, so that no two names
# with single signs between words share one.
_SIGNS = "-/._~+@"


class TargetRelease(msgspec.Struct, frozen=True):
    """One recipe applied to one organisation's release: the names everything is rendered with."""

    recipe: Recipe
    templates: Path
    organisation: Organisation
    bundle: Bundle
    release: Release
    epoch: int
    name: str
    version: str
    settings: Mapping[str, str]
    words: Mapping[str, str]
    history: tuple[Revision, ...] = ()


def target_release(
    recipe: Recipe,
    templates: Path,
    organisation: Organisation,
    bundle: Bundle,
    release: Release,
    *,
    epoch: int,
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> TargetRelease:
    """Work out the names of a target's packages; raise ConfigError for one its ecosystem forbids."""
    words = {
        "slug": organisation.slug,
        "org": organisation.name,
        "summary": organisation.summary,
        "description": organisation.description,
        "paragraph": textwrap.fill(organisation.description, _WIDTH),
        "homepage": organisation.homepage,
        "license": organisation.license,
        "site": organisation.site,
        "npm_scope": organisation.npm_scope,
        **_versions(release.text),
    }
    where = f"recipe {recipe.target}"
    pattern = recipe.scoped_name if recipe.scoped_name and organisation.npm_scope else recipe.name
    name = name or fill(pattern, words, where)
    check_name(recipe, organisation, name)
    words |= {"name": name, "flat": name.removeprefix("@").replace("/", "-"), "module": _module(name)}
    version = fill(recipe.version, words, where)
    words["version"] = version
    chosen = choose(recipe, dict(settings or {}))
    return TargetRelease(
        recipe, templates, organisation, bundle, release, epoch, name, version, chosen, words
    )


def _module(name: str) -> str:
    """Return a package's name as an identifier of its own: acme_ca for acme-ca, acme__ca for @acme/ca."""
    known = {sign: "_" * length for length, sign in enumerate(_SIGNS, start=1)}
    return re.sub(r"[^A-Za-z0-9]", lambda sign: known.get(sign[0], "_"), name.removeprefix("@"))


def check_name(recipe: Recipe, organisation: Organisation, name: str) -> None:
    """Raise ConfigError for a package's name that its ecosystem forbids, or that may be somebody else's."""
    if not re.fullmatch(recipe.name_pattern, name):
        way = f"'trustpack recipes show {recipe.target}' has its name_pattern"
        raise ConfigError(
            f"names.{recipe.target}: {shown(name)} is not a name that {recipe.title} allows",
            hint=recipe.name_rule or way,
        )
    # An npm scope is its owner's. Else a package called certifi or ca-certificates would replace that one.
    words = re.sub(r"[^a-z0-9]+", "-", name.lower())
    if not name.startswith("@") and organisation.slug not in words:
        raise ConfigError(
            f"names.{recipe.target}: '{name}' does not contain '{organisation.slug}'",
            hint="a package of another's name would be installed in its place: keep the slug in it",
        )


def package(
    target: TargetRelease, output: Output, *, digests: Mapping[str, str], filenames: Mapping[str, str]
) -> Package:
    """Render one output; `digests` and `filenames` describe the recipe's earlier outputs, by their id."""
    target = msgspec.structs.replace(target, history=_history(target))
    filename = _filename(target, output)
    words = {**target.words, "filename": filename}
    entries = [entry for entry in output.files if _wanted(entry, target.settings)]
    placed = [
        pair for entry in entries for pair in _placed(entry, target.bundle, words, _where(target, output))
    ]
    paths = [path for path, _, _ in placed]
    _check_paths(paths, _where(target, output))
    scope = _scope(target, words, paths, digests, filenames)
    files = tuple(
        File(path, _data(entry, target, certificate, scope), entry.mode, entry.kind)
        for path, entry, certificate in placed
    )
    return Package(
        target=target.recipe.target,
        container=output.container,
        name=target.name,
        version=target.version,
        filename=filename,
        epoch=target.epoch,
        organisation=target.organisation,
        files=files,
        scripts={name: _data(entry, target, None, scope) for name, entry in output.scripts.items()},
        metadata=_filled(output.metadata, words, _where(target, output)),
        history=target.history,
        output=output.id,
    )


def commands(target: TargetRelease, filenames: Mapping[str, str]) -> dict[str, str]:
    """Return the install, verify and remove commands that people are shown.

    `{filename}` is the recipe's last output, and `{filename_ID}` each output by its id.
    """
    words = {**target.words, "filename": list(filenames.values())[-1]}
    words |= {f"filename_{key}": value for key, value in filenames.items()}
    recipe, where = target.recipe, f"recipe {target.recipe.target}"
    texts = {"install": recipe.install, "verify": recipe.verify, "remove": recipe.remove}
    return {key: fill(text, words, where).strip() for key, text in texts.items()}


def _where(target: TargetRelease, output: Output) -> str:
    return f"recipe {target.recipe.target}, output {output.id}"


def _filename(target: TargetRelease, output: Output) -> str:
    """Return the artifact's file name: with its version in it, so that no release replaces another's file."""
    name = fill(output.filename, dict(target.words), _where(target, output))
    if not re.fullmatch(FILE_NAME, name):
        hint = "{flat} is the name without the signs of an npm scope" if "/" in name else ""
        raise ConfigError(f"{_where(target, output)}: '{name}' is not a plain file name", hint=hint)
    if target.version not in name:
        raise ConfigError(f"{_where(target, output)}: '{name}' does not contain {{version}}")
    return name


def _check_paths(paths: list[str], where: str) -> None:
    for path, times in Counter(paths).items():
        if times > 1:
            raise ConfigError(f"{where}: two files have the path '{path}'")
        steps = path.removeprefix("/").split("/")
        if not {"", ".", ".."}.isdisjoint(steps) or visible(path) != path or "\\" in path:
            raise ConfigError(f"{where}: '{visible(path)}' is not a plain path")


def _wanted(entry: RecipeFile, settings: Mapping[str, str]) -> bool:
    return all(settings.get(key) == value for key, value in entry.when.items())


def _placed(
    entry: RecipeFile, bundle: Bundle, words: Mapping[str, str], where: str
) -> list[tuple[str, RecipeFile, Certificate | None]]:
    """Return where an entry's files go: one path, or one for each trusted (or distrusted) certificate."""
    if entry.content not in PER_CERTIFICATE:
        return [(fill(entry.path, dict(words), where), entry, None)]
    return [
        (fill(entry.path, {**words, "certificate": certificate.stem}, where), entry, certificate)
        for certificate in (bundle.distrusted if entry.content == "distrusted" else bundle.certificates)
    ]


def _data(
    entry: RecipeFile, target: TargetRelease, certificate: Certificate | None, scope: Mapping[str, Any]
) -> bytes:
    if entry.source:
        return static(target.templates / entry.source)
    if entry.template:
        return rendered(target.templates, entry.template, scope)
    return _content(entry, target, certificate)


def _content(entry: RecipeFile, target: TargetRelease, certificate: Certificate | None) -> bytes:
    match entry.content:
        case "certificate" | "distrusted" if certificate is not None:
            return certificate.pem.encode("ascii")
        case "trusted" | "anchors":
            return _for_openssl(target, certificate)
        case "bundle":
            return target.bundle.pem.encode("ascii")
        case "changelog" | "debian-changelog":
            return _changelog(entry, target)
        case "inventory":
            return inventory(target.bundle, slug=target.organisation.slug, release=target.release.text)
        case _:
            return b""


def _for_openssl(target: TargetRelease, certificate: Certificate | None) -> bytes:
    """Return OpenSSL's form of one certificate, or of all."""
    from builder.x509.trusted import anchor_pem, trusted_pem

    if certificate is not None:
        return trusted_pem(certificate.der).encode("ascii")
    return "".join(anchor_pem(each.der) for each in target.bundle.certificates).encode("ascii")


def _history(target: TargetRelease) -> tuple[Revision, ...]:
    """Return the history with the versions that this target gave its releases."""
    where = f"recipe {target.recipe.target}"
    return tuple(
        msgspec.structs.replace(
            one, release=fill(target.recipe.version, {**target.words, **_versions(one.release)}, where)
        )
        for one in target.history
    )


def _versions(release: str) -> dict[str, str]:
    known = Release(release)
    return {"release": release, "library_version": known.library_version, "semver": known.semver}


def _changelog(entry: RecipeFile, target: TargetRelease) -> bytes:
    """Return a release's history in Markdown, or as Debian's compressed changelog."""
    if entry.content == "changelog":
        return f"# Changelog\n\n{changelog.markdown(target.history, level=2)}".encode()
    organisation = target.organisation
    maintainer = visible(f"{organisation.contact_name} <{organisation.contact_email}>")
    text = changelog.debian(target.history, name=target.name, maintainer=maintainer)
    return gzip(text.encode("utf-8"))


def _scope(
    target: TargetRelease,
    words: Mapping[str, str],
    paths: list[str],
    digests: Mapping[str, str],
    filenames: Mapping[str, str],
) -> dict[str, Any]:
    """Return the values that templates see."""
    return {
        **words,
        "org": target.organisation,
        "certificates": [_Shown(certificate) for certificate in target.bundle.certificates],
        "settings": target.settings,
        "files": paths,
        "epoch": target.epoch,
        "date": dt.datetime.fromtimestamp(target.epoch, dt.UTC).strftime("%Y-%m-%d"),
        "digests": digests,
        "filenames": filenames,
        "changelog": changelog.markdown(target.history, level=3),
    }


class _Shown(SimpleNamespace):
    """A certificate as templates see it: its own fields, and OpenSSL's subject hash when asked for."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate=certificate)

    def __getattr__(self, name: str) -> Any:
        certificate: Certificate = self.__dict__["certificate"]
        return subject_hash(certificate.der) if name == "openssl_hash" else getattr(certificate, name)

    def __dir__(self) -> list[str]:
        return [*dir(self.__dict__["certificate"]), "openssl_hash"]


def _filled(metadata: Mapping[str, Any], words: Mapping[str, str], where: str) -> dict[str, Any]:
    """Fill the placeholders in a recipe's metadata: texts, and lists of texts."""
    return {
        key: fill(value, dict(words), where)
        if isinstance(value, str)
        else [fill(item, dict(words), where) for item in value]
        for key, value in metadata.items()
    }
