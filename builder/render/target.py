"""Render: a recipe, a bundle and a release become packages; pure but for reading the recipe's files."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import ConfigError
from builder.formats.compression import gzip
from builder.model import FILE_NAME, Certificate, File, Package
from builder.model.domains import told
from builder.model.recipe import PER_CERTIFICATE
from builder.model.release import Release
from builder.render import changelog
from builder.render.chromium_policy import chromium_policy
from builder.render.each import each
from builder.render.inventory import inventory
from builder.render.naming import check_name, check_relations, of_name, of_owner
from builder.render.recipe import NAME, choose, fill
from builder.render.template import rendered, static_in
from builder.text.files import PACKAGE_BYTES
from builder.text.quoting import visible
from builder.x509.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from builder.model import Bundle, Organisation, Output, Recipe, RecipeFile, Revision


_OF_BUNDLE: Mapping[str, Callable[[Bundle], bytes]] = {
    "bundle": lambda bundle: bundle.pem.encode("ascii"),
    "chromium-policy": chromium_policy,
}
_SHOWN = (frozenset(dir(Certificate)) | {"openssl_hash"}) - {"origin"}  # of a certificate, to templates


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
    names: Mapping[str, str] = msgspec.field(default_factory=dict)


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
    words = {**of_owner(organisation), **_versions(release.text)}
    if name:
        check_name(recipe, organisation, name)
    else:
        key = "scoped_name" if recipe.scoped_name and organisation.npm_scope else "name"
        name = fill(getattr(recipe, key), words, recipe.place(key), most=NAME)
        check_name(recipe, organisation, name, where=recipe.place(key))
    words |= of_name(name)
    version = fill(recipe.version, words, recipe.place("version"), most=NAME)
    words["version"] = version
    chosen = choose(recipe, dict(settings or {}))
    return TargetRelease(
        recipe, templates, organisation, bundle, release, epoch, name, version, chosen, words
    )


def package(
    target: TargetRelease, output: Output, *, digests: Mapping[str, str], filenames: Mapping[str, str]
) -> Package:
    """Render one output; `digests` and `filenames` describe the recipe's earlier outputs, by their id."""
    target = msgspec.structs.replace(target, history=_history(target))
    place = partial(target.recipe.place_in, output)
    filename = _filename(target, output)
    words = {**target.words, "filename": filename}
    placed = [
        pair
        for index, entry in enumerate(output.files)
        if _wanted(entry, target.settings)
        for pair in _placed(entry, target.bundle, words, place("files", index, "path"))
    ]
    paths = [path for path, _, _ in placed]
    _check_paths(paths, place("files"))
    metadata = {key: _filled(value, words, place("metadata", key)) for key, value in output.metadata.items()}
    check_relations(metadata, target.organisation, place("metadata"))
    scope = _scope(target, words, paths, digests, filenames)
    filled = (*(entry for _, entry, _ in placed), *output.scripts.values())
    names = sorted({entry.template for entry in filled if entry.template})
    pages = rendered(target.templates, names, scope)
    made = (
        File(path, _data(entry, target, certificate, pages), entry.mode, entry.kind)
        for path, entry, certificate in placed
    )
    files = tuple(_within(PACKAGE_BYTES, made, place("files")))
    return Package(
        target=target.recipe.target,
        container=output.container,
        name=target.name,
        version=target.version,
        filename=filename,
        epoch=target.epoch,
        organisation=target.organisation,
        files=files,
        scripts={name: _data(entry, target, None, pages) for name, entry in output.scripts.items()},
        metadata=metadata,
        history=target.history,
        output=output.id,
    )


def commands(target: TargetRelease, filenames: Mapping[str, str]) -> dict[str, str]:
    """Return the install, verify and remove commands that people are shown.

    `{filename}` is the recipe's last output, and `{filename_ID}` each output by its id.
    """
    words = {**target.words, "filename": list(filenames.values())[-1]}
    words |= {f"filename_{key}": value for key, value in filenames.items()}
    recipe = target.recipe
    texts = {"install": recipe.install, "verify": recipe.verify, "remove": recipe.remove}
    return {key: fill(text, words, recipe.place(key)).strip() for key, text in texts.items()}


def _filename(target: TargetRelease, output: Output) -> str:
    """Return the artifact's file name: with its version in it, so that no release replaces another's file."""
    where = target.recipe.place_in(output, "filename")
    name = fill(output.filename, dict(target.words), where, most=NAME)
    if not re.fullmatch(FILE_NAME, name):
        hint = "{flat} is the name without the signs that no file may have" if re.search("[/:]", name) else ""
        raise ConfigError(f"{where}: '{name}' is not a plain file name", hint=hint)
    if target.version not in name:
        raise ConfigError(f"{where}: '{name}' does not contain {{version}}")
    return name


def _check_paths(paths: list[str], where: str) -> None:
    for path, times in Counter(paths).items():
        if times > 1:
            raise ConfigError(f"{where}: two files have the path '{path}'")
        steps = path.removeprefix("/").split("/")
        if not {"", ".", ".."}.isdisjoint(steps) or visible(path) != path or "\\" in path:
            raise ConfigError(f"{where}: '{visible(path)}' is not a plain path")


def _within(most: int, files: Iterable[File], where: str) -> Iterator[File]:
    """Yield files as they are made; raise ConfigError when they hold more than `most` bytes together."""
    size = 0
    for file in files:
        size += len(file.data)
        if size > most:
            raise ConfigError(f"{where}: the package would hold more than {most} bytes")
        yield file


def _wanted(entry: RecipeFile, settings: Mapping[str, str]) -> bool:
    return all(settings.get(key) == value for key, value in entry.when.items())


def _placed(
    entry: RecipeFile, bundle: Bundle, words: Mapping[str, str], where: str
) -> list[tuple[str, RecipeFile, Certificate | None]]:
    """Return where an entry's files go: one path, or one for each certificate that is meant."""
    if entry.content not in PER_CERTIFICATE:
        return [(fill(entry.path, dict(words), where, most=NAME), entry, None)]
    return [
        (fill(entry.path, {**words, **own}, where, most=NAME), entry, one) for one, own in each(entry, bundle)
    ]


def _data(
    entry: RecipeFile, target: TargetRelease, certificate: Certificate | None, pages: Mapping[str, bytes]
) -> bytes:
    if entry.source:
        return static_in(target.templates, entry.source)
    if entry.template:
        return pages[entry.template]
    return _content(entry, target, certificate)


def _content(entry: RecipeFile, target: TargetRelease, certificate: Certificate | None) -> bytes:
    match entry.content:
        case "certificate" | "root" | "intermediate" | "distrusted" if certificate is not None:
            return certificate.pem.encode("ascii")
        case "trusted" | "anchors":
            return _for_openssl(target, certificate)
        case "bundle" | "chromium-policy":
            return _OF_BUNDLE[entry.content](target.bundle)
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
    where = target.recipe.place("version")
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
        # Which of its fields were configured changes no package, and so the lock does not pin it.
        "org": msgspec.structs.replace(target.organisation, defaulted=()),
        "certificates": [
            _Shown(certificate, _limit(certificate, target.recipe))
            for certificate in target.bundle.certificates
        ],
        "distrusted": [_Shown(certificate, "") for certificate in target.bundle.distrusted],
        "settings": target.settings,
        "names": target.names,  # by target, those that are chosen for an organisation's packages
        "files": paths,
        "epoch": target.epoch,
        "date": dt.datetime.fromtimestamp(target.epoch, dt.UTC).strftime("%Y-%m-%d"),
        "digests": digests,
        "filenames": filenames,
        "changelog": changelog.markdown(target.history, level=3),
    }


def _limit(certificate: Certificate, recipe: Recipe) -> str:
    """Return what people are told of a CA's domains, empty where it has none."""
    if not certificate.domains:
        return ""
    kept = "trusted for these alone" if recipe.keeps_domains else "but trusted here for all names"
    return f"meant for {told(certificate.domains)}, {kept}"


class _Shown(SimpleNamespace):
    """A certificate as templates see it: its fields, its limit, and OpenSSL's subject hash if asked for.

    Not where it was read, which is a path of the machine that builds.
    """

    def __init__(self, certificate: Certificate, limit: str) -> None:
        super().__init__(_certificate=certificate, limit=limit)

    def __getattr__(self, name: str) -> Any:
        certificate: Certificate = self.__dict__["_certificate"]
        if name not in _SHOWN:
            raise AttributeError(name)
        return subject_hash(certificate.der) if name == "openssl_hash" else getattr(certificate, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Shown, (self.__dict__["_certificate"], self.limit)

    def __dir__(self) -> list[str]:
        return [*_SHOWN, "limit"]


def _filled(value: Any, words: Mapping[str, str], where: str) -> Any:
    """Fill the placeholders in a value of a recipe's metadata: a text, or a list of texts."""
    if isinstance(value, str):
        return fill(value, dict(words), where)
    return [fill(item, dict(words), where, most=NAME) for item in value]
