"""A recipe as it is written: every key with its meaning, and what its keys may not say together."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from builder import formats
from builder.formats.metadata import modernised
from builder.model.packagemanagers import MANAGERS
from builder.model.recipe import APART, PER_CERTIFICATE, UNENFORCED, WITH_MANAGER, Content, TestbedName
from builder.text import document
from builder.text.faults import Fault, nearest, shown
from builder.text.values import END, Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RELEASES = ("release", "library_version", "semver")  # placeholders that change with each release
_LEFT_OUT = "the CA is left out, and blocked where the recipe has 'content: distrusted'"


def _says(description: str, **more: Any) -> msgspec.Meta:
    return msgspec.Meta(description=description, **more)


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a recipe file; an unknown key is an error."""


class ScriptSection(_Struct, frozen=True):
    """What runs at a moment of a package's life; exactly one of the two keys."""

    source: Annotated[str, _says("A file of the target's templates, copied byte for byte.")] = ""
    template: Annotated[str, _says("A file of the target's templates, rendered.")] = ""


class FileSection(_Struct, frozen=True):
    """One file or folder of a package; a file has exactly one of source, template and content."""

    path: Annotated[
        str,
        _says(
            "Where it lies in the package, with {placeholders}; {certificate} and the like: a file for each."
        ),
    ]
    kind: Annotated[Literal["file", "dir"], _says("A file, or a folder, which nothing fills.")] = "file"
    source: Annotated[str, _says("A file of the target's templates, copied byte for byte.")] = ""
    template: Annotated[str, _says("A file of the target's templates, rendered.")] = ""
    content: Annotated[Content, _says("What of the bundle, or known of it, the file is made of.")] = ""
    mode: (
        Annotated[
            str,
            _says(
                'Four octal digits in quotes, such as "0755"; without it, "0644", of a folder "0755".',
                pattern=r"^0[0-7]{3}" + END,
            ),
        ]
        | None
    ) = None
    when: Annotated[
        dict[str, str], _says("Settings and the choice of each with which the file is there.")
    ] = {}


class OutputSection(_Struct, frozen=True):
    """One artifact; later ones see the digests and file names of earlier ones."""

    id: Annotated[str, _says("What templates and commands call it.")]
    container: Annotated[str, _says(f"The package format: {', '.join(formats.WRITERS)}.")]
    filename: Annotated[str, _says("The artifact's file name, with {placeholders}, {version} among them.")]
    files: Annotated[list[FileSection], _says("Everything that the package ships: its table of contents.")]
    scripts: Annotated[dict[str, ScriptSection], _says("Maintainer scripts, by the format's moments.")] = {}
    metadata: Annotated[dict[str, Any], _says("Fields of the package, by the format's keys.")] = {}


class _Declared(msgspec.Struct, frozen=True):
    """What the format of an output must know, all else left aside."""

    container: str
    scripts: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class SettingSection(_Struct, frozen=True):
    """A choice that the recipe offers to trustpack.yaml."""

    choices: Annotated[list[str], _says("What may be chosen; the first is the default.", min_length=1)]
    help: Annotated[Line, _says("What is chosen, in one line.")]


class RecipeSection(_Struct, frozen=True):
    """The whole file: what one target ships, where it is proven, and what people are told about it."""

    title: Annotated[Line, _says("What people call the target, in one line without controls.")]
    name: Annotated[str, _says("The package's name, with {placeholders}.")]
    name_pattern: Annotated[str, _says("A regular expression of the names that the ecosystem allows.")]
    version: Annotated[
        str,
        _says("The package's version: {release}, or for a library {library_version} or {semver}."),
    ]
    outputs: Annotated[
        list[OutputSection], _says("The artifacts, in the order they are made.", min_length=1, max_length=20)
    ]
    install: Annotated[str, _says("The commands that install the package, with {placeholders}.")]
    verify: Annotated[str, _says("The commands by which people see that it works.")]
    remove: Annotated[str, _says("The commands that remove the package.")]
    name_rule: Annotated[
        Line | None,
        _says("What name_pattern allows, in words, on one line; shown with a name that is refused."),
    ] = None
    scoped_name: Annotated[str, _says("The package's name where an npm scope is configured.")] = ""
    default: Annotated[
        Literal["true", "false"],
        _says("Whether a build that names no targets makes this one."),
    ] = "true"
    testbed: Annotated[
        TestbedName | None,
        _says("Where 'trustpack prove' tries the package; without it, it is not provable."),
    ] = None
    manager: (
        Annotated[
            str,
            _says(
                "The package manager of the testbed 'system' or 'browsers'.",
                extra_json_schema={"enum": [*MANAGERS]},
            ),
        ]
        | None
    ) = None
    distrust: Annotated[Line, _says("What distrusting a CA does here, in one line without controls.")] = (
        _LEFT_OUT
    )
    store: Annotated[Line | None, _says("Where the roots go, in one line, as tables show it.")] = None
    activation: Annotated[
        Line | None, _says("What is to be done after installing, in one line, as tables show it.")
    ] = None
    domains: Annotated[
        Literal["enforced", "unenforced"],
        _says("Whether what is installed trusts a CA for no other names than its `domains`."),
    ] = "unenforced"
    settings: Annotated[dict[str, SettingSection], _says("Choices that trustpack.yaml has.")] = {}
    tags: Annotated[
        dict[str, dict[str, str]],
        _says("By package linter, each of its tags that is accepted, and why."),
    ] = {}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a recipe."""
    result = msgspec.json.schema(RecipeSection)
    # We read every value as it is written; an editor takes these two for truth values.
    result["$defs"]["RecipeSection"]["properties"]["default"] |= {"enum": [True, False], "default": True}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a trustpack recipe",
        **result,
    }


def parse(
    text: str, path: str, target: str, templates: Path
) -> tuple[RecipeSection, tuple[str, ...], document.Document]:
    """Return the recipe of `target` that stands in `text`, what to warn its author of, and where keys stand.

    `path` is its file, for messages, and `templates` the folder in which the files it names must lie. Raises
    ConfigError for all that is wrong.
    """
    parsed = document.parse(text, path)
    raw, found = _modern(document.decode(parsed, RecipeSection, more=_unknown))
    document.refuse(parsed, (*_contradictions(raw), *_unfilled(raw, target, templates), *_unwritable(raw)))
    return raw, tuple(f"{parsed.where(one.path)}: {one.message}" for one in found), parsed


def _modern(raw: RecipeSection) -> tuple[RecipeSection, list[Fault]]:
    """Return a recipe whose metadata is said in the words of today, and a warning for each that was not."""
    outputs, warnings = [], []
    for i, output in enumerate(raw.outputs):
        metadata, found = modernised(output.container, output.metadata)
        outputs.append(msgspec.structs.replace(output, metadata=metadata))
        warnings += [one._replace(path=("outputs", i, "metadata", *one.path)) for one in found]
    return msgspec.structs.replace(raw, outputs=outputs), warnings


def _unwritable(raw: RecipeSection) -> Iterator[Fault]:
    """Yield what the format of an output has no room for."""
    for i, output in enumerate(raw.outputs):
        yield from _reviewed(i, output.container, output.scripts, output.metadata)


def _unknown(value: Any) -> Iterator[Fault]:
    """Yield the same of a recipe that has other faults, for each output that says so much of itself."""
    outputs = value.get("outputs") if isinstance(value, dict) else None
    for i, output in enumerate(outputs if isinstance(outputs, list) else ()):
        with contextlib.suppress(msgspec.ValidationError):
            said = msgspec.convert(output, _Declared)
            yield from _reviewed(
                i, said.container, said.scripts, modernised(said.container, said.metadata)[0]
            )


def _reviewed(
    i: int, container: str, scripts: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Iterator[Fault]:
    for fault in formats.review(container, scripts, metadata):
        # What was nested in nfpm's words has the whole way to it as its key.
        steps = (step.split(".") if isinstance(step, str) else [step] for step in fault.path)
        yield fault._replace(path=("outputs", i, *(part for step in steps for part in step)))


def _contradictions(raw: RecipeSection) -> Iterator[Fault]:
    """Yield what only shows when the recipe's parts are seen together."""
    try:
        re.compile(raw.name_pattern)
    except re.error as error:
        said = f"name_pattern: is no regular expression, from character {(error.pos or 0) + 1} on"
        yield Fault(("name_pattern",), said)
    if not any(f"{{{word}}}" in raw.version for word in _RELEASES):
        # The next release's file would have the same name, and other content.
        said = f"version: holds none of {', '.join(f'{{{word}}}' for word in _RELEASES)}"
        yield Fault(("version",), said)
    yield from _unprovable(raw)
    if UNENFORCED in raw.settings:
        yield Fault(("settings", UNENFORCED), f"settings: {UNENFORCED} has a meaning of its own")
    for i, output in enumerate(raw.outputs):
        if output.id in {other.id for other in raw.outputs[:i]}:
            yield Fault(("outputs", i, "id"), f"the id '{output.id}' is given twice")
        for j, entry in enumerate(output.files):
            for key, value in entry.when.items():
                yield from _not_offered(raw, key, value, ("outputs", i, "files", j, "when", key))


def _unprovable(raw: RecipeSection) -> Iterator[Fault]:
    """Yield which package manager is unknown, missing, or named in vain."""
    if raw.testbed in WITH_MANAGER and raw.manager is None:
        hint = f"known here: {', '.join(MANAGERS)}"
        yield Fault(("testbed",), f"the testbed '{raw.testbed}' needs a manager", hint)
    elif raw.manager is not None and raw.manager not in MANAGERS:
        said = f"manager: {shown(raw.manager)} is no package manager known here"
        yield Fault(("manager",), said, nearest(raw.manager, MANAGERS))
    elif raw.manager is not None and raw.testbed not in WITH_MANAGER:
        testbeds = " or ".join(f"'{name}'" for name in sorted(WITH_MANAGER))
        yield Fault(("manager",), f"manager: has no effect without the testbed {testbeds}")


def _not_offered(raw: RecipeSection, key: str, value: str, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if key not in raw.settings:
        hint = nearest(key, raw.settings) if raw.settings else ""
        yield Fault(path, f"there is no setting '{key}'", hint)
    elif value not in raw.settings[key].choices:
        hint = nearest(value, raw.settings[key].choices)
        yield Fault(path, f"'{value}' is no choice of the setting '{key}'", hint)


def _unfilled(raw: RecipeSection, target: str, templates: Path) -> Iterator[Fault]:
    """Yield which files and scripts nothing fills, or more than one thing, or what must not."""
    for i, output in enumerate(raw.outputs):
        for j, entry in enumerate(output.files):
            for said, hint in _file_faults(entry, target, templates):
                yield Fault(("outputs", i, "files", j), said, hint)
        for name, script in output.scripts.items():
            for said, hint in _filled_wrong(
                name, {"source": script.source, "template": script.template}, target, templates
            ):
                yield Fault(("outputs", i, "scripts", name), said, hint)


def _file_faults(entry: FileSection, target: str, templates: Path) -> Iterator[tuple[str, str]]:
    if entry.kind == "dir":
        if entry.source or entry.template or entry.content:
            yield f"'{entry.path}' is a folder, which nothing fills", ""
        return
    fills = {"source": entry.source, "template": entry.template, "content": entry.content}
    yield from _filled_wrong(entry.path, fills, target, templates)
    apart = any(f"{{{word}}}" in entry.path for word in APART)
    if entry.content in PER_CERTIFICATE and not apart:
        yield f"'{entry.path}' needs {{certificate}}: there is one file for each", ""


def _filled_wrong(
    name: str, fills: Mapping[str, str], target: str, templates: Path
) -> Iterator[tuple[str, str]]:
    """Yield why what fills `name` is not exactly one thing, or is not a file of the target's folder."""
    if sum(map(bool, fills.values())) != 1:
        *most, last = fills
        yield f"'{name}' needs exactly one of {', '.join(most)} and {last}", ""
        return
    named = fills["source"] or fills["template"]
    if ".." in Path(named).parts or Path(named).is_absolute():
        yield f"'{named}' must lie in {templates}", ""
    elif named and not (templates / named).is_file():
        hint = f"'trustpack recipes export {target}' copies a built-in target's templates too"
        yield f"{templates / named}: there is no such file", hint
