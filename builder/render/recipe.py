"""Recipes: one YAML file and one folder of templates per target, built in or an organisation's own."""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ConfigError, UsageError
from builder.model import Output, Recipe, RecipeFile, Setting
from builder.render import recipe_file
from builder.render.shipped import ROOT
from builder.render.template import static
from builder.text import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from builder.render.recipe_file import FileSection, OutputSection


_MODES = {"file": 0o644, "dir": 0o755}
# Characters of a text with its placeholders filled, and of what names something: a recipe may have many.
_LONGEST = 1_000_000
NAME = 4096
ALL = "all"  # where targets are chosen: every one
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class RecipeSource(msgspec.Struct, frozen=True):
    """Where a target is defined: its recipe file and its folder of templates."""

    target: str
    file: Path
    templates: Path


def templates(source: RecipeSource) -> list[Path]:
    """Return the files of a target's folder, those that only other templates name too, as seen from it.

    But for what built-in ones are compiled to; an organisation's own may name whatever lies there.
    """
    left_out = "__pycache__" if built_in(source) else ""
    return sorted(Path(file).relative_to(source.templates) for file in _files(source.templates, left_out))


def _files(folder: Path | os.DirEntry[str], left_out: str) -> Iterator[os.DirEntry[str]]:
    """Yield every file below a folder, but for folders of one name; no link is followed to another one."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != left_out:
                yield from _files(entry, left_out)
        elif entry.is_file():
            yield entry


def check_links(source: RecipeSource) -> None:
    """Raise ConfigError for a recipe that is no file, and where it or its templates lead elsewhere.

    They may come from a branch that nobody has reviewed yet: no file of this machine is theirs.
    """
    if built_in(source):
        return
    # realpath, since Path.resolve raises for a link to itself.
    project = Path(os.path.realpath(source.file.parent.parent))
    if not _lies_in(project / "recipes", source.file):
        raise ConfigError(f"{source.file}: leads out of the folder of recipes")
    if not source.file.is_file():
        raise ConfigError(f"{source.file}: is not a file")
    for path in (source.templates, *source.templates.rglob("*")):
        if not _lies_in(project / "templates" / source.target, path):
            raise ConfigError(f"{path}: leads out of the folder of its templates")
    # One that leads nowhere else now may do so when it is read.
    for path in (source.file, *source.templates.rglob("*")):
        if path.is_symlink():
            raise ConfigError(f"{path}: is a link", hint="put the file itself there: no link is followed")


def _lies_in(folder: Path, path: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)


def built_in(source: RecipeSource) -> bool:
    """Tell whether a target is trustpack's own, and not an organisation's."""
    return source.file.is_relative_to(ROOT / "recipes")


def digest(recipe: Recipe, settings: Mapping[str, str]) -> str:
    """Return a SHA-256 of what a target's packages are made by: recipe, templates and choices."""
    return hashlib.sha256(bytes.fromhex(recipe.digest) + repr(sorted(settings.items())).encode()).hexdigest()


def pin(source: RecipeSource) -> str:
    """Return the same of a recipe and its templates alone, without understanding it; raises ConfigError."""
    check_links(source)
    try:
        return _digest(source, document.read(source.file))
    except OSError as error:
        raise ConfigError(f"{error.filename or source.file}: cannot be read: {error.strerror}") from error


def _digest(source: RecipeSource, text: str) -> str:
    found = hashlib.sha256(text.encode("utf-8"))
    for file in templates(source):
        found.update(f"\0{file.as_posix()}\0".encode() + static(source.templates / file))
    return found.hexdigest()


def sources(beside: Path | None = None) -> dict[str, RecipeSource]:
    """Return every target's source by name; folders in `beside` replace built-in targets or add new ones."""
    return dict(sorted({**_built_in(), **(_in(beside) if beside else {})}.items()))


@cache
def _built_in() -> dict[str, RecipeSource]:
    # Which targets there are does not change while a process builds for many organisations.
    return _in(ROOT)


def _in(root: Path) -> dict[str, RecipeSource]:
    files = sorted((root / "recipes").glob("*.yaml"))
    return {file.stem: RecipeSource(file.stem, file, root / "templates" / file.stem) for file in files}


def select(available: dict[str, RecipeSource], targets: list[str] | None) -> list[RecipeSource]:
    """Return the sources of `targets`, of all that are built by default where None.

    ALL stands for every one there is. Raises UsageError for an unknown one, ConfigError where a recipe must
    be read and cannot be.
    """
    if targets is None:
        return [source for source in available.values() if read(source).default]
    if ALL in targets and ALL not in available:
        return list(available.values())
    for target in targets:
        if target not in available:
            raise UsageError(
                f"target '{target}': there is no such recipe", hint=document.nearest(target, available)
            )
    return [available[target] for target in sorted(set(targets))]


def check(available: dict[str, RecipeSource], mentioned: Iterable[str], where: Callable[[str], str]) -> None:
    """Raise ConfigError for a target that is mentioned, `where` says in what place, and no recipe makes."""
    for target in mentioned:
        if target not in available:
            raise ConfigError(
                f"{where(target)}: there is no such target", hint=document.nearest(target, available)
            )


def read(source: RecipeSource) -> Recipe:
    """Read one recipe; raise ConfigError naming file and line."""
    try:
        # A process that builds for many organisations reads a recipe again only when its file has changed.
        return _read(source, source.file.stat().st_mtime_ns)
    except OSError as error:
        raise ConfigError(f"{error.filename or source.file}: cannot be read: {error.strerror}") from error


@lru_cache(maxsize=64)
def _read(source: RecipeSource, _modified: int) -> Recipe:
    check_links(source)
    text = document.read(source.file)
    if not built_in(source):
        _refuse_keys(source, text)
    raw, warnings, parsed = recipe_file.parse(text, str(source.file), source.target, source.templates)
    return Recipe(
        target=source.target,
        title=raw.title,
        name=raw.name,
        name_pattern=raw.name_pattern,
        version=raw.version,
        digest=_digest(source, text),
        outputs=tuple(map(_output, raw.outputs)),
        install=raw.install,
        verify=raw.verify,
        remove=raw.remove,
        name_rule=raw.name_rule or "",
        scoped_name=raw.scoped_name,
        default=raw.default == "true",
        testbed=raw.testbed,
        manager=raw.manager or "",
        distrust=raw.distrust,
        store=raw.store or "",
        activation=raw.activation or "",
        keeps_domains=raw.domains == "enforced",
        settings={key: Setting(tuple(s.choices), s.help) for key, s in raw.settings.items()},
        tags=raw.tags,
        warnings=warnings,
        own=not built_in(source),
        file=str(source.file),
        lines=parsed.lines,
    )


def _refuse_keys(source: RecipeSource, text: str) -> None:
    """Raise PrivateKeyError if a recipe or one of its templates, used or not, holds a private key."""
    from builder.x509 import keys

    hint = "take it out of the recipe, and ask who else has seen it"
    keys.refuse_text(text, str(source.file), hint=hint)
    keys.refuse_text(document.scalars(document.parse(text, str(source.file))), str(source.file), hint=hint)
    for file in templates(source):
        keys.refuse(static(source.templates / file), str(source.templates / file), hint=hint)


def _output(raw: OutputSection) -> Output:
    return Output(
        id=raw.id,
        container=raw.container,
        filename=raw.filename,
        files=tuple(map(_file, raw.files)),
        scripts={
            name: RecipeFile(path=name, source=script.source, template=script.template)
            for name, script in raw.scripts.items()
        },
        metadata=raw.metadata,
    )


def _file(raw: FileSection) -> RecipeFile:
    return RecipeFile(
        path=raw.path,
        kind=raw.kind,
        source=raw.source,
        template=raw.template,
        content=raw.content,
        mode=int(raw.mode, 8) if raw.mode else _MODES[raw.kind],
        when=raw.when,
    )


def choose(recipe: Recipe, chosen: dict[str, str]) -> dict[str, str]:
    """Return the value of every setting of `recipe`; raise ConfigError for one it does not offer.

    The one that every target has is not among them where it is not chosen otherwise: packages that do without
    it stay what they were.
    """
    for key, value in chosen.items():
        setting = recipe.offered.get(key)
        where = f"settings.{recipe.target}.{key}"
        if setting is None:
            known = recipe.settings
            hint = document.nearest(key, known) if known else f"{recipe.target} has no settings"
            raise ConfigError(f"{where}: there is no such setting", hint=hint)
        if value not in setting.choices:
            raise ConfigError(f"{where}: '{value}' is not one of {', '.join(setting.choices)}")
    return {
        key: chosen.get(key, setting.choices[0])
        for key, setting in recipe.offered.items()
        if key in recipe.settings or chosen.get(key, setting.choices[0]) != setting.choices[0]
    }


def fill(text: str, values: dict[str, str], where: str, *, most: int = _LONGEST) -> str:
    """Replace every `{placeholder}` of a recipe's text; raise ConfigError for an unknown one or too many."""
    # Before it is made: a text of a configuration may be long, and stand in a recipe's a million times.
    if sum(len(values.get(key, "")) for key in _PLACEHOLDER.findall(text)) > most:
        raise ConfigError(f"{where}: would be longer than {most} characters")

    def value(found: re.Match[str]) -> str:
        key = found[1]
        if key not in values:
            raise ConfigError(f"{where}: unknown placeholder {{{key}}}", hint=document.nearest(key, values))
        return values[key]

    return _PLACEHOLDER.sub(value, text)
