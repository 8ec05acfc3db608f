"""Recipes: found beside the product or the configuration, read strictly, and filled with known words only."""

from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.model.packagemanagers import MANAGERS
from builder.render import recipe
from builder.render.recipe import RecipeSource
from tests.unit import bundles

RECIPE = bundles.MINIMAL_RECIPE
_MANAGERS = f"known here: {', '.join(MANAGERS)}"
FILE = "      - path: roots.pem\n        content: bundle\n"


def refusal(folder: Path, text: str, **templates: str) -> tuple[str, str]:
    """Return message (from the line on) and hint of the error that reading the recipe `text` ends in."""
    source = bundles.target(folder, text, **templates)
    with pytest.raises(ConfigError) as caught:
        recipe.read(source)
    return str(caught.value).removeprefix(f"{source.file}:"), caught.value.hint


def test_every_built_in_recipe_can_be_read() -> None:
    """Each names at least one output and every command that people are shown."""
    found = {name: recipe.read(source) for name, source in recipe.sources().items()}
    for name, read in found.items():
        assert (read.target, bool(read.outputs)) == (name, True)
        assert all([read.title, read.install.strip(), read.verify.strip(), read.remove.strip()])


def test_an_organisations_recipe_replaces_a_built_in_one_or_adds_a_target(tmp_path: Path) -> None:
    """The file stem is the target's name; all others stay built in."""
    bundles.target(tmp_path, name="deb")
    bundles.target(tmp_path, name="zarf")
    found = recipe.sources(tmp_path)
    assert found["deb"] == RecipeSource(
        "deb", tmp_path / "recipes" / "deb.yaml", tmp_path / "templates" / "deb"
    )
    assert found["zarf"].file == tmp_path / "recipes" / "zarf.yaml"
    assert found["rpm"] == recipe.sources()["rpm"]
    assert list(found) == sorted(found)


def test_targets_are_chosen_by_name_once_each(tmp_path: Path) -> None:
    """Without a choice all are built but those that say otherwise; twice the same name is once."""
    available = recipe.sources(tmp_path)
    bundles.target(tmp_path, RECIPE + "default: false\n", name="rare")
    bundles.target(tmp_path, RECIPE + "default: true\n", name="often")
    own = recipe.sources(tmp_path)
    chosen = [source.target for source in recipe.select(own, None)]
    assert chosen == sorted([*(source.target for source in recipe.select(available, None)), "often"])
    assert [source.target for source in recipe.select(own, ["rare"])] == ["rare"]
    assert [source.target for source in recipe.select(available, ["rpm", "deb", "rpm"])] == ["deb", "rpm"]
    assert [source.target for source in recipe.select(own, ["rpm", "all"])] == list(own)


def test_a_recipe_called_all_is_one_target(tmp_path: Path) -> None:
    """An organisation's own name keeps its meaning."""
    bundles.target(tmp_path, RECIPE, name="all")
    own = recipe.sources(tmp_path)
    assert [source.target for source in recipe.select(own, ["all"])] == ["all"]


def test_an_unknown_target_names_the_nearest() -> None:
    """On the command line and in the configuration."""
    with pytest.raises(UsageError) as caught:
        recipe.select(recipe.sources(), ["whell"])
    assert (str(caught.value), caught.value.hint) == (
        "target 'whell': there is no such recipe",
        "did you mean 'wheel'?",
    )
    with pytest.raises(ConfigError) as found:
        recipe.check(recipe.sources(), ["deb", "rmp"], "x.yaml:3: names.{}".format)
    assert (str(found.value), found.value.hint) == (
        "x.yaml:3: names.rmp: there is no such target",
        "did you mean 'rpm'?",
    )


def test_what_a_recipe_does_not_say_has_defaults(tmp_path: Path) -> None:
    """Files are 0644, folders 0755, and nothing else is assumed."""
    text = RECIPE.replace(FILE, FILE + "      - path: sub\n        kind: dir\n")
    found = recipe.read(bundles.target(tmp_path, text))
    assert [(entry.kind, entry.mode) for entry in found.outputs[0].files] == [("file", 0o644), ("dir", 0o755)]
    assert (found.settings, found.tags, found.scoped_name, found.outputs[0].scripts) == ({}, {}, "", {})
    assert (found.default, found.testbed, found.manager, found.name_rule) == (True, None, "", "")
    assert (found.store, found.activation) == ("", "")
    assert found.distrust == "the CA is left out, and blocked where the recipe has 'content: distrusted'"


def test_a_mode_is_octal_text(tmp_path: Path) -> None:
    """0755 in YAML is no number here."""
    found = recipe.read(bundles.target(tmp_path, RECIPE.replace(FILE, FILE + "        mode: 0755\n")))
    assert found.outputs[0].files[0].mode == 0o755


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("title:", "titel:", "1: unknown key 'titel'", "did you mean 'title'?"),
        (
            "        content: bundle",
            "        contnet: bundle",
            "11: unknown key 'contnet'",
            "did you mean 'content'?",
        ),
        (
            "content: bundle",
            "content: bundel",
            (
                "11: outputs.0.files.0.content: 'bundel' is not one of anchors, bundle, certificate, "
                "changelog, chromium-policy, debian-changelog, distrusted, intermediate, inventory, root, "
                "trusted"
            ),
            "did you mean 'bundle'?",
        ),
        (
            "content: bundle",
            "mode: 644",
            "11: outputs.0.files.0.mode: '644' is not allowed",
            'four octal digits in quotes, such as "0755"; without it, "0644", of a folder "0755"',
        ),
        (
            "        content: bundle\n",
            "",
            "10: 'roots.pem' needs exactly one of source, template and content",
            "",
        ),
        (
            "content: bundle",
            "content: bundle\n        source: a.j2",
            "10: 'roots.pem' needs exactly one of source, template and content",
            "",
        ),
        (
            "content: bundle",
            "content: bundle\n        kind: dir",
            "10: 'roots.pem' is a folder, which nothing fills",
            "",
        ),
        (
            "content: bundle",
            "content: certificate",
            "10: 'roots.pem' needs {certificate}: there is one file for each",
            "",
        ),
        (
            'name_pattern: "[a-z0-9-]+"',
            'name_pattern: "["',
            "3: name_pattern: is no regular expression, from character 1 on",
            "",
        ),
        (
            "content: bundle",
            "content: bundle\n        when: {fast: on}",
            "12: there is no setting 'fast'",
            "",
        ),
        ("install: tar xf {filename}\n", "", "1: the key 'install' is missing", ""),
        (
            'version: "{release}"',
            'version: "7"',
            "4: version: holds none of {release}, {library_version}, {semver}",
            "",
        ),
        ("title:", "testbed: system\ntitle:", "1: the testbed 'system' needs a manager", _MANAGERS),
        (
            "title:",
            "testbed: system\nmanager: atp\ntitle:",
            "2: manager: 'atp' is no package manager known here",
            "did you mean 'apt'?",
        ),
        (
            "title:",
            "manager: apt\ntitle:",
            "1: manager: has no effect without the testbed 'browsers' or 'system'",
            "",
        ),
        (
            "title:",
            "testbed: /etc\ntitle:",
            (
                "1: testbed: '/etc' is not one of browsers, conda, gem, go, homebrew, maven, npm, oci, "
                "system, wheel"
            ),
            "",
        ),
        (
            "title:",
            "default: no\ntitle:",
            "1: default: 'no' is not one of false, true",
            "",
        ),
        (
            "title:",
            'distrust: "a\\eb"\ntitle:',
            "1: distrust: 'a\\u001bb' is not allowed",
            "what distrusting a CA does here, in one line without controls",
        ),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, message: str, hint: str
) -> None:
    """Typing errors, contradictions and what would silently do nothing are all errors."""
    assert refusal(tmp_path, RECIPE.replace(old, new)) == (message, hint)


def test_every_unknown_key_is_told_in_one_run(tmp_path: Path) -> None:
    """Those of the recipe, and those that its formats do not know."""
    text = RECIPE.replace("title:", "titel:").replace("container: tar", "container: deb")
    text = text.replace("install:", "    scripts: {postinstal: {}}\n    metadata: {depnds: []}\ninstall:")
    message, _ = refusal(tmp_path, text)
    lines = [line.removeprefix(f"  {tmp_path}/recipes/thing.yaml:") for line in message.splitlines()]
    assert lines == [
        " has 3 errors:",
        "1: unknown key 'titel' (did you mean 'title'?)",
        "12: container 'deb' has no script 'postinstal' (did you mean 'postinstall'?)",
        "13: container 'deb' has no metadata 'depnds' (did you mean 'depends'?)",
    ]


def test_everything_that_is_wrong_is_told_in_one_run(tmp_path: Path) -> None:
    """Keys first, as nothing more can be read without them; then all that they contradict."""
    keys = RECIPE.replace("title: Something\n", "").replace("content: bundle", "contnet: bundle")
    message, _ = refusal(tmp_path, keys)
    assert message.removeprefix(" has 2 errors:\n").splitlines() == [
        f"  {tmp_path}/recipes/thing.yaml:1: the key 'title' is missing",
        f"  {tmp_path}/recipes/thing.yaml:10: unknown key 'contnet' (did you mean 'content'?)",
    ]
    text = RECIPE.replace("content: bundle", "source: a.txt\n        when: {fast: on}") + "testbed: system\n"
    message, _ = refusal(tmp_path, text)
    hint = "'trustpack recipes export thing' copies a built-in target's templates too"
    lines = [line.removeprefix(f"  {tmp_path}/recipes/thing.yaml:") for line in message.splitlines()]
    assert lines == [
        " has 3 errors:",
        f"10: {tmp_path}/templates/thing/a.txt: there is no such file ({hint})",
        "12: there is no setting 'fast'",
        f"16: the testbed 'system' needs a manager ({_MANAGERS})",
    ]


def test_a_condition_on_a_choice_that_is_not_offered_is_refused(tmp_path: Path) -> None:
    """A file that would never be shipped is a mistake."""
    text = RECIPE.replace(FILE, FILE + "        when: {speed: fst}\n")
    text += "settings:\n  speed:\n    choices: [slow, fast]\n    help: how fast\n"
    assert refusal(tmp_path, text) == (
        "12: 'fst' is no choice of the setting 'speed'",
        "did you mean 'fast'?",
    )


def test_two_outputs_with_one_id_are_refused(tmp_path: Path) -> None:
    """Later outputs find the digests of earlier ones by their id."""
    second = RECIPE[RECIPE.index("  - id:") : RECIPE.index("install:")]
    text = RECIPE.replace("install:", second + "install:")
    assert refusal(tmp_path, text)[0] == "12: the id 'thing' is given twice"


@pytest.mark.parametrize("name", ["../other/a.j2", "/etc/passwd", "sub/../../a.j2", ".."])
@pytest.mark.parametrize("kind", ["template", "source"])
def test_a_template_outside_its_folder_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    """A target ships what lies in its own folder."""
    message, _ = refusal(tmp_path, RECIPE.replace("content: bundle", f"{kind}: {name}"))
    assert message == f"10: '{name}' must lie in {tmp_path}/templates/thing"


def test_a_missing_template_is_named_with_the_way_to_get_the_built_in_ones(tmp_path: Path) -> None:
    """Whoever copied only the recipe learns how to copy its templates."""
    message, hint = refusal(tmp_path, RECIPE.replace("content: bundle", "template: a.j2"))
    assert message == f"10: {tmp_path}/templates/thing/a.j2: there is no such file"
    assert "trustpack recipes export thing" in hint


def test_a_script_needs_something_to_run(tmp_path: Path) -> None:
    """A script that names no file is refused where it stands."""
    text = RECIPE.replace("container: tar", "container: deb").replace(
        "    files:", "    scripts:\n      postinstall: {}\n    files:"
    )
    assert refusal(tmp_path, text)[0] == "10: 'postinstall' needs exactly one of source and template"


def test_an_unreadable_recipe_is_named(tmp_path: Path) -> None:
    """A recipe that is no UTF-8 text is refused as a whole."""
    source = bundles.target(tmp_path)
    source.file.write_bytes(b"title: \xff\n")
    with pytest.raises(ConfigError) as caught:
        recipe.read(source)
    assert str(caught.value) == f"{source.file}: is not UTF-8 text"


SETTINGS = "settings:\n  speed:\n    choices: [slow, fast]\n    help: how fast\n"


def test_the_first_choice_is_the_default(tmp_path: Path) -> None:
    """What the organisation chose counts, else the first choice."""
    found = recipe.read(bundles.target(tmp_path, RECIPE + SETTINGS))
    assert recipe.choose(found, {}) == {"speed": "slow"}
    assert recipe.choose(found, {"speed": "fast"}) == {"speed": "fast"}


@pytest.mark.parametrize(
    ("chosen", "message", "hint"),
    [
        ({"sped": "fast"}, "settings.thing.sped: there is no such setting", "did you mean 'speed'?"),
        ({"speed": "faster"}, "settings.thing.speed: 'faster' is not one of slow, fast", ""),
    ],
)
def test_a_setting_that_is_not_offered_is_refused(
    tmp_path: Path, chosen: dict[str, str], message: str, hint: str
) -> None:
    """Both the setting's name and its value are checked."""
    found = recipe.read(bundles.target(tmp_path, RECIPE + SETTINGS))
    with pytest.raises(ConfigError) as caught:
        recipe.choose(found, chosen)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_a_recipe_without_settings_says_so(tmp_path: Path) -> None:
    """There is no nearest name to offer."""
    with pytest.raises(ConfigError) as caught:
        recipe.choose(recipe.read(bundles.target(tmp_path)), {"speed": "fast"})
    assert caught.value.hint == "thing has no settings"


def test_placeholders_are_filled_once() -> None:
    """A value that looks like a placeholder stays text."""
    assert recipe.fill("{a}-{b} {A} {} {1}", {"a": "{b}", "b": "2"}, "here") == "{b}-2 {A} {} {1}"


def test_an_unknown_placeholder_names_the_nearest() -> None:
    """The error says which recipe and which word."""
    with pytest.raises(ConfigError) as caught:
        recipe.fill("{verison}", {"version": "1", "name": "x"}, "recipe thing")
    assert (str(caught.value), caught.value.hint) == (
        "recipe thing: unknown placeholder {verison}",
        "did you mean 'version'?",
    )


SYSTEM = """\
    metadata:
      section: misc
      dependz: [ca-certificates]
    files:
"""


def test_what_a_format_does_not_know_is_told_with_its_line(tmp_path: Path) -> None:
    """Metadata and scripts, with the nearest key; the format is what knows them."""
    deb = RECIPE.replace("container: tar", "container: deb")
    assert refusal(tmp_path, deb.replace("    files:\n", SYSTEM)) == (
        "11: container 'deb' has no metadata 'dependz'",
        "did you mean 'depends'?",
    )
    script = "    scripts:\n      postinst: {source: x.sh}\n    files:\n"
    assert refusal(tmp_path, deb.replace("    files:\n", script), x_sh="#!/bin/sh\n") == (
        "10: container 'deb' has no script 'postinst'",
        "did you mean 'postinstall'?",
    )
    assert refusal(tmp_path, RECIPE.replace("container: tar", "container: tarr")) == (
        "7: container 'tarr' is not known",
        "did you mean 'tar'?",
    )


def test_what_nfpm_took_and_no_recipe_of_ours_said_is_refused(tmp_path: Path) -> None:
    """With the line of the very key."""
    nested = "    metadata:\n      deb:\n        fields:\n          Essential: 'yes'\n    files:\n"
    deb = RECIPE.replace("container: tar", "container: deb").replace("    files:\n", nested)
    assert refusal(tmp_path, deb)[0] == "12: container 'deb' has no metadata 'deb.fields.Essential'"
    listed = "    metadata:\n      depends:\n        - ok\n        - 'no (x)'\n    files:\n"
    deb = RECIPE.replace("container: tar", "container: deb").replace("    files:\n", listed)
    assert refusal(tmp_path, deb)[0].startswith("12: depends: 'no (x)' is not a relation such as ")


def test_what_is_said_in_old_words_is_a_warning(tmp_path: Path) -> None:
    """With its line; the recipe means the same."""
    old = "    metadata:\n      deb:\n        fields:\n          Multi-Arch: foreign\n    files:\n"
    deb = RECIPE.replace("container: tar", "container: deb").replace("    files:\n", old)
    source = bundles.target(tmp_path, deb)
    found = recipe.read(source)
    assert found.outputs[0].metadata == {"multi_arch": "foreign"}
    assert found.warnings == (
        f"{source.file}:12: metadata.deb.fields.Multi-Arch is now called metadata.multi_arch",
    )


def test_built_in_recipes_warn_of_nothing() -> None:
    """They say everything in today's words."""
    assert [recipe.read(source).warnings for source in recipe.sources().values()] == [()] * len(
        recipe.sources()
    )
