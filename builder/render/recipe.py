"""Recipes: one YAML file and one folder of templates per target, built in or an organisation's own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from builder import formats
from builder.errors import ConfigError, UsageError
from builder.formats.metadata import modernised
from builder.model import Content, Output, Recipe, RecipeFile, Setting
from builder.text import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_HERE = Path(__file__).resolve().parents[1]
# In a wheel the folders lie inside the package; in a checkout beside it.
ROOT = _HERE if (_HERE / "recipes").is_dir() else _HERE.parent

_MODES = {"file": 0o644, "dir": 0o755}
# What there is one file of for each certificate, with {certificate} in its path.
PER_CERTIFICATE = frozenset({"certificate", "trusted", "distrusted"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a recipe file; an unknown key is an error."""


class _Script(_Struct, frozen=True):
    source: str = ""
    template: str = ""


class _Entry(_Struct, frozen=True):
    path: str
    kind: Literal["file", "dir"] = "file"
    source: str = ""
    template: str = ""
    content: Content = ""
    mode: Annotated[str, msgspec.Meta(pattern=r"^0[0-7]{3}$")] | None = None
    when: dict[str, str] = {}


class _Output(_Struct, frozen=True):
    id: str
    container: str
    filename: str
    files: list[_Entry]
    scripts: dict[str, _Script] = {}
    metadata: dict[str, Any] = {}


class _Setting(_Struct, frozen=True):
    choices: Annotated[list[str], msgspec.Meta(min_length=1)]
    help: str


class _Recipe(_Struct, frozen=True):
    title: str
    name: str
    name_pattern: str
    version: str
    outputs: Annotated[list[_Output], msgspec.Meta(min_length=1)]
    install: str
    verify: str
    remove: str
    scoped_name: str = ""
    settings: dict[str, _Setting] = {}
    tags: dict[str, dict[str, str]] = {}


@dataclass(frozen=True, slots=True)
class RecipeSource:
    """Where a target is defined: its recipe file and its folder of templates."""

    target: str
    file: Path
    templates: Path


def templates(source: RecipeSource) -> list[Path]:
    """Return the files of a target's folder, those that only other templates name too, as seen from it."""
    found = [path.relative_to(source.templates) for path in source.templates.rglob("*") if path.is_file()]
    home = source.templates.resolve()
    for path in found:
        # Templates may come from a branch that nobody has reviewed yet: no file of this machine is theirs.
        if not (source.templates / path).resolve().is_relative_to(home):
            raise ConfigError(f"{source.templates / path}: leads out of the folder of its templates")
    return sorted(path for path in found if "__pycache__" not in path.parts)


def built_in(source: RecipeSource) -> bool:
    """Tell whether a target is trustpack's own, and not an organisation's."""
    return source.file.is_relative_to(ROOT / "recipes")


def digest(source: RecipeSource, settings: Mapping[str, str]) -> str:
    """Return a SHA-256 of what a target's packages are made by: recipe, templates and choices."""
    return hashlib.sha256(_digest(source) + repr(sorted(settings.items())).encode()).hexdigest()


@lru_cache(maxsize=64)
def _digest(source: RecipeSource) -> bytes:
    found = hashlib.sha256(source.file.read_bytes())
    for file in templates(source):
        found.update(f"\0{file.as_posix()}\0".encode() + (source.templates / file).read_bytes())
    return found.digest()


def sources(beside: Path | None = None) -> dict[str, RecipeSource]:
    """Return every target's source by name; folders in `beside` replace built-in targets or add new ones."""
    found: dict[str, RecipeSource] = {}
    for root in (ROOT, beside):
        if root is None:
            continue
        for file in sorted((root / "recipes").glob("*.yaml")):
            found[file.stem] = RecipeSource(file.stem, file, root / "templates" / file.stem)
    return dict(sorted(found.items()))


def select(available: dict[str, RecipeSource], targets: list[str] | None) -> list[RecipeSource]:
    """Return the sources of `targets` (all where None); raise UsageError for an unknown one."""
    if targets is None:
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
        raise ConfigError(f"{source.file}: cannot be read: {error}") from error


@lru_cache(maxsize=64)
def _read(source: RecipeSource, _modified: int) -> Recipe:
    try:
        text = source.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source.file}: cannot be read: {error}") from error
    parsed = document.parse(text, str(source.file))
    raw, warnings = _modern(document.decode(parsed, _Recipe), parsed)
    _check(raw, parsed)
    _check_formats(raw, parsed)
    outputs = tuple(
        Output(
            id=output.id,
            container=output.container,
            filename=output.filename,
            files=tuple(
                _entry(entry, source, parsed.where(("outputs", i, "files", j)))
                for j, entry in enumerate(output.files)
            ),
            scripts={
                name: _filled(
                    RecipeFile(path=name, source=script.source, template=script.template),
                    source,
                    parsed.where(("outputs", i, "scripts", name)),
                )
                for name, script in output.scripts.items()
            },
            metadata=output.metadata,
        )
        for i, output in enumerate(raw.outputs)
    )
    return Recipe(
        target=source.target,
        title=raw.title,
        name=raw.name,
        name_pattern=raw.name_pattern,
        version=raw.version,
        outputs=outputs,
        install=raw.install,
        verify=raw.verify,
        remove=raw.remove,
        scoped_name=raw.scoped_name,
        settings={key: Setting(tuple(s.choices), s.help) for key, s in raw.settings.items()},
        tags=raw.tags,
        warnings=warnings,
    )


def choose(recipe: Recipe, chosen: dict[str, str]) -> dict[str, str]:
    """Return the value of every setting of `recipe`; raise ConfigError for one it does not offer."""
    for key, value in chosen.items():
        setting = recipe.settings.get(key)
        where = f"settings.{recipe.target}.{key}"
        if setting is None:
            known = recipe.settings
            hint = document.nearest(key, known) if known else f"{recipe.target} has no settings"
            raise ConfigError(f"{where}: there is no such setting", hint=hint)
        if value not in setting.choices:
            raise ConfigError(f"{where}: '{value}' is not one of {', '.join(setting.choices)}")
    return {key: chosen.get(key, setting.choices[0]) for key, setting in recipe.settings.items()}


def fill(text: str, values: dict[str, str], where: str) -> str:
    """Replace every `{placeholder}` of a recipe's text; raise ConfigError for an unknown one."""

    def value(found: re.Match[str]) -> str:
        key = found[1]
        if key not in values:
            raise ConfigError(f"{where}: unknown placeholder {{{key}}}", hint=document.nearest(key, values))
        return values[key]

    return _PLACEHOLDER.sub(value, text)


def _check(raw: _Recipe, parsed: document.Document) -> None:
    """Raise ConfigError for what only shows when the recipe's parts are seen together."""
    try:
        re.compile(raw.name_pattern)
    except re.error as error:
        raise ConfigError(f"{parsed.where(('name_pattern',))}: not a regular expression: {error}") from error
    for i, output in enumerate(raw.outputs):
        if output.id in {other.id for other in raw.outputs[:i]}:
            raise ConfigError(f"{parsed.where(('outputs', i, 'id'))}: the id '{output.id}' is given twice")
        for j, entry in enumerate(output.files):
            for key, value in entry.when.items():
                where = parsed.where(("outputs", i, "files", j, "when", key))
                if key not in raw.settings:
                    hint = document.nearest(key, raw.settings) if raw.settings else ""
                    raise ConfigError(f"{where}: there is no setting '{key}'", hint=hint)
                if value not in raw.settings[key].choices:
                    hint = document.nearest(value, raw.settings[key].choices)
                    raise ConfigError(f"{where}: '{value}' is no choice of the setting '{key}'", hint=hint)


def _modern(raw: _Recipe, parsed: document.Document) -> tuple[_Recipe, tuple[str, ...]]:
    """Return a recipe whose metadata is said in the words of today, and a warning for each that was not."""
    outputs, warnings = [], []
    for i, output in enumerate(raw.outputs):
        metadata, found = modernised(output.container, output.metadata)
        outputs.append(msgspec.structs.replace(output, metadata=metadata))
        warnings += [f"{parsed.where(('outputs', i, 'metadata', *one.path))}: {one.text}" for one in found]
    return msgspec.structs.replace(raw, outputs=outputs), tuple(warnings)


def _check_formats(raw: _Recipe, parsed: document.Document) -> None:
    """Raise ConfigError for what the format of an output has no room for."""
    for i, output in enumerate(raw.outputs):
        for fault in formats.review(output.container, output.scripts, output.metadata):
            # What was nested in nfpm's words has the whole way to it as its key.
            path = (part for step in fault.path for part in str(step).split("."))
            steps = (int(part) if part.isdigit() else part for part in path)
            raise ConfigError(f"{parsed.where(('outputs', i, *steps))}: {fault.text}", hint=fault.hint)


def _entry(raw: _Entry, source: RecipeSource, where: str) -> RecipeFile:
    entry = RecipeFile(
        path=raw.path,
        kind=raw.kind,
        source=raw.source,
        template=raw.template,
        content=raw.content,
        mode=int(raw.mode, 8) if raw.mode else _MODES[raw.kind],
        when=raw.when,
    )
    if entry.kind == "file":
        return _filled(entry, source, where)
    if entry.source or entry.template or entry.content:
        raise ConfigError(f"{where}: '{entry.path}' is a folder, which nothing fills")
    return entry


def _filled(entry: RecipeFile, source: RecipeSource, where: str) -> RecipeFile:
    """Check that exactly one thing fills `entry` and that a file it names lies in the target's folder."""
    if sum(map(bool, (entry.source, entry.template, entry.content))) != 1:
        raise ConfigError(f"{where}: '{entry.path}' needs exactly one of source, template and content")
    if entry.content in PER_CERTIFICATE and "{certificate}" not in entry.path:
        raise ConfigError(f"{where}: '{entry.path}' needs {{certificate}}: there is one file for each")
    named = entry.source or entry.template
    if named and (".." in Path(named).parts or Path(named).is_absolute()):
        raise ConfigError(f"{where}: '{named}' must lie in {source.templates}")
    if named and not (source.templates / named).is_file():
        raise ConfigError(
            f"{where}: {source.templates / named}: there is no such file",
            hint=f"'trustpack recipes export {source.target}' copies a built-in target's templates too",
        )
    return entry
