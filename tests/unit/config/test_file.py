"""trustpack.yaml: what it may say, what is filled in, and the schema editors use."""

import importlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import config
from builder.errors import ConfigError
from builder.text import document
from builder.text.quoting import visible
from tests.tools import require

WORDS = [
    *[
        "organisation",
        "bundle",
        "paths",
        "slug",
        "names",
        "settings",
        "overrides",
        "targets",
        "contact",
        "acme",
        "x.pem",
    ],
    *["[", "]", "{", "}", "&a", "*a", "!!map", ">", "'", "#", "~", "<<"],
    *['"', ": ", ":\n", "\n", "  ", "- ", ", ", "? ", "|\n", "---\n", "\t", "\0", "\u2028", "%YAML 1.1\n"],
]
MINIMAL = "organisation:\n  slug: acme\nbundle:\n  paths: [roots.pem]\n"
FULL = """\
organisation:
  slug: acme
  name: Acme Ümläut & Söhne
  homepage: https://pki.acme.example/trust?x=1%26y=2#top
  contact: Jörg O'Neil (PKI) <pki+ca@acme.example>
  license: Apache-2.0 OR MIT
  summary: The CAs of Acme
  description: All of them.
bundle:
  paths: [roots.pem, more]
  expired: drop
  intermediates: keep
  public_roots: keep
release: 2026.10
site: https://packages.acme.example/
npm_scope: "@acme"
targets: [deb, npm]
names: {deb: acme-trust}
settings: {wheel: {activation: explicit}}
repository: {keys: ../keys, valid: 90d, keep: 12, architectures: [x86_64]}
"""


def read(tmp_path: Path, text: str) -> config.Config:
    """Read `text` as a configuration file."""
    file = tmp_path / "trustpack.yaml"
    file.write_text(text, "utf-8")
    return config.read(file)


def undescribed(schema: Any) -> Iterator[Any]:
    """Yield each part of a JSON Schema that has a pattern and no description."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and not schema.get("description"):
            yield schema
        for key, item in schema.items():
            if key != "propertyNames":  # which is described where it stands
                yield from undescribed(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from undescribed(item)


def refusal(tmp_path: Path, text: str) -> tuple[str, str]:
    """Return message (from the line number on) and hint of the error that `text` ends in."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path}/trustpack.yaml:"), caught.value.hint


def with_field(field: str, value: str) -> str:
    """Return a configuration whose organisation has `field`, with `value` as a double-quoted scalar."""
    return MINIMAL.replace("bundle:", f"  {field}: {json.dumps(value)}\nbundle:")


def test_release_and_slug_stay_the_text_that_was_typed(tmp_path: Path) -> None:
    """2026.10 does not become 2026.1, nor `no` a boolean."""
    found = read(tmp_path, MINIMAL.replace("acme", "no") + "release: 2026.10\n")
    assert (found.organisation.slug, found.release) == ("no", "2026.10")


def test_every_key_is_read(tmp_path: Path) -> None:
    """Each key of the file ends up in the organisation or in the configuration."""
    found = read(tmp_path, FULL)
    who = config.organisation(found)
    assert (who.contact_name, who.contact_email) == ("Jörg O'Neil (PKI)", "pki+ca@acme.example")
    assert (who.name, who.homepage) == (
        "Acme Ümläut & Söhne",
        "https://pki.acme.example/trust?x=1%26y=2#top",
    )
    assert (who.license, who.summary, who.description) == (
        "Apache-2.0 OR MIT",
        "The CAs of Acme",
        "All of them.",
    )
    assert (who.site, who.npm_scope, who.defaulted) == ("https://packages.acme.example", "@acme", ())
    assert (found.targets, found.names, found.settings) == (
        ["deb", "npm"],
        {"deb": "acme-trust"},
        {"wheel": {"activation": "explicit"}},
    )
    assert (found.bundle.expired, found.bundle.intermediates, found.bundle.public_roots) == (
        "drop",
        "keep",
        "keep",
    )


def test_without_configuration_the_defaults_are_named() -> None:
    """What nobody configured is filled in, and the fields are listed for the end of the build."""
    who = config.organisation(config.minimal("big-corp", ["roots.pem"]))
    assert (who.name, who.contact_name, who.contact_email) == (
        "Big Corp",
        "Big Corp PKI",
        "pki@big-corp.example",
    )
    assert (who.homepage, who.license) == ("https://pki.big-corp.internal/", "Apache-2.0")
    assert who.defaulted == ("contact", "homepage", "license")


def test_only_what_was_not_configured_counts_as_defaulted(tmp_path: Path) -> None:
    """A configured homepage is not listed among the defaults."""
    found = read(tmp_path, with_field("homepage", "https://acme.example"))
    assert config.organisation(found).defaulted == ("contact", "license")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (MINIMAL + "relase: x\n", "5: unknown key 'relase'", "did you mean 'release'?"),
        (with_field("hompage", "x"), "3: unknown key 'hompage'", "did you mean 'homepage'?"),
        (MINIMAL + "  exipred: drop\n", "5: unknown key 'exipred'", "did you mean 'expired'?"),
        (
            MINIMAL + f"  overrides:\n    - {{rule: a, fingerprint: {'a' * 64}, until: 2027-01-01,\n"
            "       resaon: b}\n",
            "7: unknown key 'resaon'",
            "did you mean 'reason'?",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_with_file_and_line(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    """A typing error is found by its line and answered with the word that was meant."""
    assert refusal(tmp_path, text) == (message, hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bundle: {paths: [x]}\n", "1: the key 'organisation' is missing"),
        ("organisation: {slug: acme}\n", "1: the key 'bundle' is missing"),
        ("organisation: {slug: acme}\nbundle: {}\n", "2: the key 'bundle.paths' is missing"),
        (
            "organisation: {slug: acme}\nbundle: {paths: []}\n",
            "2: bundle.paths: must not be empty",
        ),
        (
            "organisation: {slug: acme}\nbundle: {paths: ['']}\n",
            "2: bundle.paths.0: must not be empty",
        ),
        (MINIMAL + "targets: []\n", "5: targets: must not be empty"),
        (MINIMAL + "repository: {keep: 1}\n", "5: repository.keep: '1' is not allowed"),
        (MINIMAL + "repository: {valid: 0d}\n", "5: repository.valid: '0d' is not allowed"),
        (MINIMAL + "  expired: dorp\n", "5: bundle.expired: 'dorp' is not one of drop, keep, refuse"),
        (MINIMAL + "names: {deb: [x]}\n", "5: names.deb: expected text, found a list"),
        (
            with_field("contact", "pki@acme.example"),
            "3: organisation.contact: expected 'Full Name <mailbox@domain>', without a comma",
        ),
        (
            with_field("contact", "Evil <a@b> <c@d>"),
            "3: organisation.contact: expected 'Full Name <mailbox@domain>', without a comma",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Missing sections, empty lists, unknown choices and half an address are each said plainly."""
    assert refusal(tmp_path, text)[0] == message


def test_everything_that_is_wrong_is_told_in_one_run(tmp_path: Path) -> None:
    """Keys that are missing or unknown, and what two values contradict, with file and line."""
    file = tmp_path / "trustpack.yaml"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "")
    missing = [f"{file}:1: the key '{key}' is missing" for key in ("organisation", "bundle")]
    assert str(caught.value) == "\n  ".join([f"{file}: has 2 errors:", *missing])
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, with_field("license", "(MIT") + "organisation_contact: x\n")
    assert str(caught.value).startswith(f"{file}:6: unknown key")
    with pytest.raises(ConfigError) as caught:
        read(
            tmp_path, with_field("license", "(MIT").replace("  license", "  contact: a@b.example\n  license")
        )
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()[1:]] == [
        "organisation.contact",
        "organisation.license",
    ]


def test_every_pattern_is_described_in_words() -> None:
    """A value that it refuses is answered with them."""
    assert list(undescribed(config.schema())) == []


@pytest.mark.parametrize("field", ["name", "contact", "license", "summary", "description"])
@pytest.mark.parametrize(
    "ending", ["\n", "\r", "\nInjected: field", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", " "]
)
def test_a_field_is_one_visible_line(tmp_path: Path, field: str, ending: str) -> None:
    """No line end, control, bidirectional character or trailing space gets into a package's fields."""
    value = "Acme <a@b.c>" if field == "contact" else "Acme"
    message, hint = refusal(tmp_path, with_field(field, value + ending))
    assert message == f"3: organisation.{field}: '{visible(value + ending)}' is not allowed"
    assert ("SPDX" if field == "license" else "line") in hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (
                with_field(key, "see https://me:s3cret@ca.example/x"),
                f"3: organisation.{key}: holds a user name",
            )
            for key in ("summary", "description", "name")
        ),
        *(
            (
                f"{MINIMAL}lifecycle:\n  authorities:\n    {'ab' * 32}:\n      {key}: see https://me:s3cret@t/1\n",
                f"8: lifecycle.authorities.{'ab' * 32}.{key}: holds a user name",
            )
            for key in ("owner", "evidence")
        ),
        (
            with_field("homepage", "https://me:s3cret@ca.example/x"),
            "3: organisation.homepage: holds a user name",
        ),
        (f"{MINIMAL}site: https://ca.example/x?token=s3cret\n", "5: site: holds a token"),
    ],
)
def test_an_address_with_a_secret_is_not_published(tmp_path: Path, text: str, message: str) -> None:
    """Packages and the manifest would tell it to everybody."""
    said, hint = refusal(tmp_path, text)
    assert said.startswith(message)
    assert "s3cret" not in said
    assert hint == "give the address without it"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("pypi.url", "pypi:\n    url: {}"),
        ("pypi.index", "pypi:\n    index: {}"),
        ("npm.url", "npm:\n    url: {}"),
        ("rubygems.url", "rubygems:\n    url: {}"),
        ("github.url", "github:\n    repository: acme/ca\n    url: {}"),
        ("gitlab.url", "gitlab:\n    project: acme/ca\n    url: {}"),
        ("gitea.url", "gitea:\n    owner: acme\n    url: {}"),
        ("http.debs.url", "http:\n    debs:\n      url: {}"),
    ],
)
def test_a_registry_with_a_secret_is_refused(tmp_path: Path, words: str, text: str) -> None:
    """The file is committed; what lets somebody in is in the environment of the job that publishes."""
    said, hint = refusal(
        tmp_path, f"{MINIMAL}publish:\n  {text.format('https://me:s3cret@registry.acme.example/')}\n"
    )
    assert f": publish.{words}: holds a user name or a password" in f": {said.partition(': ')[2]}"
    assert "s3cret" not in said
    assert hint == "give the address without it; credentials are environment variables"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://acme.example/",
        "https://",
        "https://a b",
        "https://a\n",
        "https://a/\x01",
        "https://a/$(id)",
        "https://a/`id`",
        "https://a/;id",
        "https://a/'",
        'https://a/"',
        "https://a/<x>",
        "https://a\\b",
        "javascript:alert(1)",
    ],
)
def test_a_url_holds_nothing_that_a_shell_or_a_page_would_run(tmp_path: Path, url: str) -> None:
    """The homepage and the site are shown in commands and written into many formats."""
    message, hint = refusal(tmp_path, with_field("homepage", url))
    assert message == f"3: organisation.homepage: '{visible(url)}' is not allowed"
    assert "an http or https URL" in hint


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "a",
        "Acme",
        "acme\n",
        "acme corp",
        "-acme",
        "acme-",
        "ac--me",
        "1acme",
        "a" * 41,
        "ac_me",
        "acmé",
        "../x",
    ],
)
def test_a_slug_that_some_ecosystem_forbids_is_refused(tmp_path: Path, slug: str) -> None:
    """On the command line and in the file alike, with an example of a good one."""
    with pytest.raises(ConfigError) as caught:
        config.minimal(slug, ["roots.pem"])
    shown = slug.replace("\n", "\\u000a")
    assert str(caught.value) == f"--org '{shown}': is not a usable name"
    assert caught.value.hint.endswith("such as 'acme'")
    message, _ = refusal(tmp_path, MINIMAL.replace("acme", json.dumps(slug)))
    assert message.startswith("2: organisation.slug: ")


@pytest.mark.parametrize("scope", ["acme", "@", "@Acme", "@acme/x", "@acme\n", "@.acme", "@a b"])
def test_an_npm_scope_is_as_npm_has_it(tmp_path: Path, scope: str) -> None:
    """It starts with @ and holds what npm allows in a scope."""
    message, hint = refusal(tmp_path, MINIMAL + f"npm_scope: {json.dumps(scope)}\n")
    assert message == f"5: npm_scope: '{visible(scope)}' is not allowed"
    assert hint.startswith("an npm scope")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The hint has both ways on: a configuration, or none."""
    with pytest.raises(ConfigError) as caught:
        config.read(tmp_path / "trustpack.yaml")
    assert str(caught.value) == f"{tmp_path}/trustpack.yaml: there is no such file"
    assert "trustpack init" in caught.value.hint
    assert "--org" in caught.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Latin-1 and binary files are named, not guessed at."""
    file = tmp_path / "trustpack.yaml"
    file.write_bytes(b"organisation: {slug: \xe9}\n")
    with pytest.raises(ConfigError) as caught:
        config.read(file)
    assert str(caught.value) == f"{file}: is not UTF-8 text"


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map("".join)))
def test_no_text_ends_in_anything_but_a_configuration_or_an_error_of_ours(text: str) -> None:
    """Whatever stands in the file, the user is told file and line, never shown a traceback."""
    said = _complaint(text)
    assert said == "" or said.startswith(("f.yaml:", "organisation.contact: "))


def _complaint(text: str) -> str:
    try:
        config.organisation(document.decode(document.parse(text, "f.yaml"), config.Config))
    except ConfigError as error:
        return str(error)
    return ""


def _validate(instance: Any) -> list[str]:
    """Return what the schema says against `instance`, by the jsonschema library."""
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("jsonschema is not installed; tests/run installs it")
    validator = jsonschema.Draft202012Validator(config.schema())
    validator.check_schema(config.schema())
    return [error.json_path for error in validator.iter_errors(instance)]


def test_the_schema_accepts_what_we_accept() -> None:
    """A full example, read as text, has nothing said against it, nor has it as editors read YAML."""
    assert _validate(document.parse(FULL, "").value) == []
    assert _validate(document.parse(MINIMAL, "").value | {"release": 2026.10}) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (MINIMAL + "relase: x\n", "$"),
        (with_field("homepage", "ftp://x"), "$.organisation.homepage"),
        (with_field("name", "Acme\nX"), "$.organisation.name"),
        (MINIMAL + "  expired: dorp\n", "$.bundle.expired"),
        ("organisation: {slug: acme}\nbundle: {paths: ['']}\n", "$.bundle.paths[0]"),
        (MINIMAL + "targets: []\n", "$.targets"),
    ],
)
def test_the_schema_refuses_what_we_refuse(text: str, path: str) -> None:
    """Editors mark the same faults that the build would."""
    assert _validate(document.parse(text, "").value) == [path]


def test_the_schemas_patterns_work_in_javascript() -> None:
    """Editors read them by ECMAScript's rules: each compiles there and accepts and refuses the same."""
    patterns: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            patterns.extend(p for k, p in value.items() if k == "pattern" and isinstance(p, str))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(config.schema())
    program = (
        "const [patterns, words] = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(patterns.map(p => words.map(w => new RegExp(p, 'u').test(w)))));"
    )
    words = [
        "acme",
        "acme\n",
        " acme",
        "https://a/",
        "https://a/\n",
        "@acme",
        "Acme Ü",
        "a\x00",
        "2026-01-01",
    ]
    done = subprocess.run(
        [require("node"), "-e", program],
        input=json.dumps([patterns, words]),
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert len(patterns) > 5
    assert json.loads(done.stdout) == [[bool(re.search(p, w)) for w in words] for p in patterns]
