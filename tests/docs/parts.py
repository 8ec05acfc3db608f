"""The parts of the guide that are made from the code; what the code cannot say is in tables here."""

import typing
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from builder import config, docs, errors, formats
from builder.docs import schemas
from builder.formats.metadata import MetadataKey
from builder.lifecycle import lockfile
from builder.model import Content, Severity
from builder.model.recipe import APART, TestbedName
from builder.model.release import Release
from builder.render import TargetRelease, recipe, recipe_file, target_release
from builder.render import target as rendering
from builder.rules import RULES
from builder.text.quoting import FILTERS
from tests.commands import Command, commands
from tests.docs.schematables import ordered, tables
from tests.rooms import picture
from tests.unit import bundles

WIDTH = 118
SECTIONS = {
    "Config": "The whole file",
    "OrganisationSection": "organisation",
    "BundleSection": "bundle",
    "OverrideSection": "bundle.overrides",
    "LifecycleSection": "lifecycle",
    "HostsSection": "lifecycle.hosts",
    "HostsOverrideSection": "lifecycle.hosts.overrides",
    "AuthoritySection": "lifecycle.authorities",
    "RepositorySection": "repository",
    "PublishSection": "publish",
    "PyPISection": "publish.pypi",
    "NpmSection": "publish.npm",
    "RubyGemsSection": "publish.rubygems",
    "GitHubSection": "publish.github",
    "GitLabSection": "publish.gitlab",
    "GiteaSection": "publish.gitea",
    "HttpSection": "publish.http",
    "ApprovalsSection": "approvals",
    "RealmSection": "realms",
}
LOCK_SECTIONS = {
    "_File": "The whole file",
    "_Certificate": "certificate",
    "_Release": "release",
    "_Named": "CA of a change",
    "Packaging": "packaging",
    "_Approval": "approval",
    "_Signature": "signature of an approval",
    "OverriddenStep": "overridden step",
}
RECIPE_SECTIONS = {
    "RecipeSection": "A recipe",
    "OutputSection": "An output",
    "FileSection": "A file",
    "ScriptSection": "A script",
    "SettingSection": "A setting",
}
CONTENTS = {
    "certificate": "One trusted certificate in PEM: a file for each, with `{certificate}` in its path.",
    "root": "The same, but only for CAs that have issued themselves.",
    "intermediate": "The same, but only for CAs that another has issued.",
    "trusted": "As `certificate`, but OpenSSL's `TRUSTED CERTIFICATE`, good for TLS servers only.",
    "distrusted": "One distrusted certificate in PEM: a file for each, with `{certificate}` in its path.",
    "bundle": "All trusted certificates in one PEM text.",
    "anchors": "The same, each as OpenSSL's `TRUSTED CERTIFICATE` that vouches for no TLS client.",
    "inventory": "The list that auditors read: `trustpack schema certificates` describes it.",
    "changelog": "The releases and what each changed, in Markdown.",
    "debian-changelog": "The same as deb-changelog(5) has it, compressed.",
    "chromium-policy": "The managed policies, in JSON, by which Chromium, Chrome and Edge trust.",
}
PLACEHOLDERS = {
    "slug": "The organisation's slug.",
    "org": "The organisation's name.",
    "summary": "One line about the package.",
    "description": "One paragraph about it, on one line.",
    "paragraph": "The same, wrapped for a .deb or an .rpm.",
    "homepage": "The organisation's URL.",
    "license": "An SPDX licence expression.",
    "site": "Where the packages are published; empty where that is not configured.",
    "npm_scope": "The npm scope, with its `@`; empty where none is configured.",
    "host": "The host of `site`, where it is a name with a dot; else `SLUG.internal`.",
    "group": "The name's own, or the host as Maven's groups are written: `internal.acme`.",
    "release": "The release, as it was given.",
    "semver": "`1.` and the release, as semantic versioning has it: `1.2026.10`, `1.20261128.0`.",
    "library_version": "`1.` and the release, for a library: see [releases](configuration.md#releases).",
    "name": "The package's name.",
    "flat": "The name for a file: `acme-ca` of `@acme/ca`.",
    "artifact": "The name after its last colon: `acme-ca` of Maven's `internal.acme:acme-ca`.",
    "java_package": "The name as a Java package of its own: `internal.acme.acme_ca`.",
    "java_folder": "The same as a folder: `internal/acme/acme_ca`.",
    "module": "The name as an identifier: `_` for `-`, and longer runs for other signs.",
    "version": "The version that `version` made of the release.",
    "certificate": "In `path`, where there is a file for each certificate: a short name and a digest.",
    "hashed": "The same as OpenSSL looks for it in a folder: the hash of its subject, and a number.",
    "thumbprint": "The same as Windows' stores have it: its SHA-1 in upper-case hex.",
    "filename": "In commands, metadata and templates: the file's name; in commands, the last output's.",
    "filename_ID": "In commands: the file name of the output with that id.",
}
SCOPE = {
    "org": "The organisation: `.slug`, `.name`, `.homepage`, `.contact_name`, `.contact_email` …",
    "certificates": "Those trusted: `.subject`, `.label`, `.sha256`, `.not_after`, `.pem` …; "
    "`.openssl_hash` is OpenSSL's, `.limit` is what people are told of its domains.",
    "distrusted": "Those that the lifecycle distrusts, with the same fields.",
    "settings": "The value of each setting.",
    "names": "The packages' names that are chosen, by target.",
    "files": "The paths of this output's files.",
    "epoch": "The time stamp of everything built, in seconds since 1970.",
    "date": "Its day, such as 2026-11-28.",
    "digests": "The SHA-256 of each earlier output, by id.",
    "filenames": "The name of each earlier output, by id.",
    "changelog": "The releases and what each changed, in Markdown.",
}
FILTER_MEANINGS = {
    "json": "a value in JSON",
    "yaml": "a value in YAML, on one line",
    "yaml_block": "lines of ASCII, such as PEM, as a YAML block; `yaml_block(4)` indents by four blanks",
    "ruby": "a string in Ruby, in double quotes",
    "nix": "a string in Nix, in double quotes",
    "data_url": "a `data:` URL of the text's bytes, which stands in quotes of any language",
    "python": "a string in Python",
    "xml": "text or an attribute's value in XML",
    "sh": "a word of a POSIX shell",
    "header": "one line of a header, without control characters",
    "markdown": "text in Markdown that is no markup",
    "text": "one line of plain text, without control characters",
    "token": "a word that needs no quotes anywhere; else the build stops",
    "ident": "an identifier; else the build stops",
    "camel": "a name in CamelCase: `acme-ca-certs` becomes `AcmeCaCerts`",
    "constant": "a module as a Ruby constant that is no other's: `acme_2_ca` becomes `Acme_2Ca`",
}


TESTBEDS = {
    "browsers": (
        "a throw-away copy of this machine's system, or of the one in `--root`, whose browsers are asked",
        "root, on Linux",
    ),
    "conda": (
        "an environment of py-rattler's, and this machine's OpenSSL told of its folder",
        "openssl; py-rattler is fetched",
    ),
    "gem": ("a new folder for gems", "ruby"),
    "go": ("a program of its own", "go, 1.22 or later; gRPC is fetched, unless `--offline`"),
    "homebrew": ("an empty prefix, and a double of Homebrew", "ruby and openssl"),
    "npm": ("a new project", "node and npm; its clients are fetched, unless `--offline`"),
    "maven": ("this machine's Java, started with the agent", "java; mvn for the libraries that it asks, too"),
    "oci": ("the image unpacked, and mounted beside this machine's roots", "skopeo and umoci"),
    "system": ("a throw-away copy of this machine's system, or of the one in `--root`", "root, on Linux"),
    "wheel": ("a new virtual environment", "pip's clients are fetched, unless `--offline`"),
    None: ("none: it is not provable", ""),
}


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def meanings(names: tuple[str, ...], said: Mapping[str, str], head: str) -> str:
    """Return a table of names and what each means; every name must have a sentence, and no other."""
    assert set(names) == set(said)
    return table((head, "meaning"), [(f"`{name}`", said[name]) for name in names])


def configuration() -> str:
    """Return every section and key of trustpack.yaml."""
    return "\n".join(tables(config.schema(), titles=SECTIONS, required=", required"))


def lock() -> str:
    """Return every section and key of trustpack.lock."""
    return "\n".join(tables(lockfile.schema(), titles=LOCK_SECTIONS, required=", required"))


def json_documents() -> str:
    """Return every JSON document: who prints it, and its keys."""
    lines: list[str] = []
    known: list[str] = []
    for name, printed in schemas.PRINTED.items():
        found = schemas.schema(name)
        lines += [f"## {name}", "", f"In {printed.by}. Its schema: `trustpack schema {name}`.", ""]
        lines += tables(found, titles={}, known=known)
        if again := [kind.removesuffix("Json") for kind, _ in ordered(found) if kind in known]:
            lines += [f"{' and '.join(again)} are as above.", ""]
        known += [kind for kind, _ in ordered(found)]
    return "\n".join(lines)


def exit_codes() -> str:
    """Return every error's exit code and what it stands for."""
    known: dict[int, str] = {}
    for kind in _errors(errors.TrustpackError):
        known.setdefault(kind.exit_code, (kind.__doc__ or "").split("\n")[0])
    known |= {
        0: "Success.",
        errors.TrustpackError.exit_code: "An answer, not a failure: see below.",
        130: "Interrupted by Ctrl-C, or by another signal that ends programs.",
        141: "Whoever read the output went away, as `head` does: the rest is lost.",
    }
    return table(("status", "meaning"), [(str(code), known[code]) for code in sorted(known)])


def _errors(kind: type[errors.TrustpackError]) -> Iterator[type[errors.TrustpackError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _errors(each)


def rules() -> str:
    """Return every rule of the linter, by what it is about."""
    titles = {
        "input": "Inputs: what a file may be",
        "certificate": "Certificates: what a CA must be",
        "bundle": "The bundle: what belongs in it",
    }
    lines = []
    for group, title in titles.items():
        lines += [f"### {title}", ""]
        for rule in (rule for rule in RULES.values() if rule.group == group):
            lines += [
                f"#### {rule.id}",
                "",
                fill(f"{rule.severity.name.capitalize()}: {rule.why}.", WIDTH),
                "",
            ]
            lines += [fill(f"To do: {rule.todo}.", WIDTH), ""]
            if rule.severity is Severity.ERROR and rule.final:
                lines += ["It has no override.", ""]
    return "\n".join(lines)


def command_reference() -> str:
    """Return every command: what it does, and its arguments and options."""
    return "\n".join(line for command in commands() for line in _command(command))


def _command(command: Command) -> Iterator[str]:
    arguments = [part for part in command.shown if part.param_type_name == "argument"]
    options = [part for part in command.shown if part.param_type_name == "option" and part.name != "help"]
    words = ["trustpack", command.path, *(_argument(part) for part in arguments)]
    yield f"### {' '.join(words[:2])}"
    yield ""
    yield f"`{' '.join([*words, *(['[OPTIONS]'] if options else [])])}`"
    yield ""
    for paragraph in command.parts.help.split("\n\n"):
        yield fill(" ".join(paragraph.split()), WIDTH)
        yield ""
    for part in arguments:
        yield f"- `{_argument(part)}`: {part.help}"
    for part in options:
        yield f"- {_option(part)}: {_help(part)}"
    yield ""


def _argument(part: Any) -> str:
    name = part.name.upper() + ("…" if part.nargs == -1 else "")
    return name if part.required else f"[{name}]"


def _option(part: Any) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(part.opts, key=len, reverse=True))
    choices = tuple(getattr(part.type, "choices", ()))
    value = "" if part.is_flag else f" `{'|'.join(choices) or part.name.upper()}`"
    return f"{names}{value}"


def _help(part: Any) -> str:
    said = " ".join(part.help.split())
    default = part.default
    if (
        default is None
        or callable(default)
        or isinstance(default, bool)
        or "[default" in said
        or default == ""
    ):
        return said
    return f"{said} [default: {default}]"


def recipe_keys() -> str:
    """Return every key of a recipe, of an output, of a file, and so on."""
    return "\n".join(tables(recipe_file.schema(), titles=RECIPE_SECTIONS, required=", required"))


def metadata() -> str:
    """Return the scripts that each format has, and the keys of metadata that it knows."""
    lines = []
    for container, writer in formats.WRITERS.items():
        if writer.METADATA:
            scripts = ", ".join(f"`{name}`" for name in sorted(writer.SCRIPTS)) or "none"
            rows = [(f"`{name}`", _form(key)) for name, key in writer.METADATA.items()]
            lines += [f"### `{container}`", "", f"Scripts: {scripts}.", "", table(("key", "value"), rows), ""]
    return "\n".join(lines)


def _form(key: MetadataKey) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    said = {"line": "one line of text", "text": "text, of several lines where it needs them"}
    return f"a list, each item {key.meaning}" if key.form == "list" else key.meaning or said[key.form]


def rooms() -> str:
    """Return the picture of the rooms, as the table of allowed imports has them."""
    return f"```mermaid\n{picture()}\n```"


def settings() -> str:
    """Return the settings that the built-in recipes offer."""
    rows = [
        (f"`{target}`", f"`{name}`", ", ".join(f"`{choice}`" for choice in setting.choices), setting.help)
        for target, source in recipe.sources().items()
        for name, setting in recipe.read(source).settings.items()
    ]
    return table(("target", "setting", "choices, the default first", "meaning"), rows)


def testbeds() -> str:
    """Return where each target is proven, and what that needs."""
    assert {*typing.get_args(TestbedName), None} == set(TESTBEDS)
    rows = [
        (f"`{target}`", *TESTBEDS[recipe.read(source).testbed]) for target, source in recipe.sources().items()
    ]
    return table(("target", "testbed", "what it needs"), rows)


def distrust() -> str:
    """Return what distrusting a CA does on each target."""
    rows = [(f"`{target}`", recipe.read(source).distrust) for target, source in recipe.sources().items()]
    return table(("target", "what distrusting a CA does"), rows)


def domains() -> str:
    """Return which targets keep to a CA's domains."""
    rows = [
        (f"`{target}`", "yes" if recipe.read(source).keeps_domains else "cannot")
        for target, source in recipe.sources().items()
    ]
    return table(("target", "trusts a CA for its domains alone"), rows)


def contents() -> str:
    """Return what a file of a package can be made of."""
    names = tuple(name for name in typing.get_args(Content) if name)
    return meanings(names, CONTENTS, "content")


def placeholders() -> str:
    """Return the placeholders of a recipe's texts."""
    words = _release().words
    assert {*words, *APART, "filename", "filename_ID"} == set(PLACEHOLDERS)
    rows = [(f"`{{{name}}}`", said) for name, said in PLACEHOLDERS.items()]
    return table(("placeholder", "meaning"), rows)


def scope() -> str:
    """Return the names that templates see beside the placeholders."""
    release = _release()
    names = rendering._scope(release, {}, [], {}, {})  # noqa: SLF001  what templates see has no other name
    return meanings(tuple(names), SCOPE, "name")


def _release() -> TargetRelease:
    source = recipe.sources()["pem"]
    return target_release(
        recipe.read(source),
        source.templates,
        bundles.organisation(),
        bundles.bundle(),
        Release("2026.10"),
        epoch=0,
    )


def filters() -> str:
    """Return the filters through which every value enters a template."""
    return meanings(tuple(FILTERS), FILTER_MEANINGS, "filter")


def pages() -> str:
    """Return the list of the guide's pages."""
    lines = []
    for section, names in docs.SECTIONS.items():
        lines += [f"**{section}**", "", *(f"- [{docs.read(name).title}]({name}.md)" for name in names), ""]
    return "\n".join(lines)


# Each part: the page that has it, and what makes it.
PARTS = {
    "pages": ("README", pages),
    "rules": ("rules", rules),
    "configuration": ("configuration", configuration),
    "settings": ("configuration", settings),
    "commands": ("commands", command_reference),
    "exit-codes": ("exit-codes", exit_codes),
    "json": ("json", json_documents),
    "recipe-keys": ("recipes", recipe_keys),
    "metadata": ("recipes", metadata),
    "contents": ("recipes", contents),
    "placeholders": ("recipes", placeholders),
    "scope": ("recipes", scope),
    "filters": ("recipes", filters),
    "testbeds": ("prove", testbeds),
    "distrust": ("emergency-distrust", distrust),
    "domains": ("domains", domains),
    "rooms": ("architecture", rooms),
    "lock": ("rotate", lock),
}
