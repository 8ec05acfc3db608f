"""`trustpack init`, `schema` and `recipes`: from a bundle to a configuration, and to targets of one's own."""

import datetime as dt
import importlib
import json
import os
import re
import subprocess
import tarfile
import zipfile

import pytest

from builder.config import Config
from builder.prove import authority
from builder.text import document
from tests.cli.conftest import ENVIRONMENT, PROGRAM, World

CONFIG = "organisation:\n  slug: acme\nbundle:\n  paths: [roots.pem]\n"


def test_init_writes_a_configuration_that_builds_the_same(world: World) -> None:
    """What it writes makes the packages that the options alone make."""
    assert world.run("build", "roots.pem", "--org", "acme", "--quiet").code == 0
    done = world.run("init", "roots.pem", "--org", "acme")
    assert (done.code, done.out) == (
        0,
        "trustpack.yaml: written for 1 certificate; now run 'trustpack build'\n",
    )
    assert "note: anybody can take the npm package's name at the public registry: set npm_scope" in done.err
    before = (world.folder / "dist" / "manifest.json").read_bytes()
    assert world.run("build", "--quiet").code == 0
    assert (world.folder / "dist" / "manifest.json").read_bytes() == before


def test_every_commented_line_of_the_configuration_may_be_uncommented(world: World) -> None:
    """The example keys are all real: with every one of them in force the file is valid, and builds."""
    assert world.run("init", "roots.pem", "--org", "acme").code == 0
    file = world.folder / "trustpack.yaml"
    assert [] == [key for key in Config.__struct_fields__ if f"{key}:" not in file.read_text()]
    lines = [
        line.replace("# ", "", 1) if i and line.lstrip().startswith("# ") else line
        for i, line in enumerate(file.read_text().splitlines())
    ]
    file.write_text("\n".join(lines) + "\n")
    done = world.run("build", "--target", "deb", "--json")
    said = "trustpack.yaml has realms: staging; this is acme's own bundle"
    assert (done.code, json.loads(done.err)["message"]) == (0, {"level": "note", "text": said})
    assert json.loads(done.out)["release"] == "2026.10"


def test_the_schema_accepts_what_init_writes(world: World) -> None:
    """As editors that know JSON Schema see it."""
    assert world.run("init", "roots.pem", "--org", "acme", "--expired", "drop").code == 0
    schema = json.loads(world.run("schema").out)
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("jsonschema is not installed; tests/run installs it")
    value = document.parse((world.folder / "trustpack.yaml").read_text(), "").value
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(value)) == []
    assert value["bundle"] == {"paths": ["roots.pem"], "expired": "drop"}


@pytest.mark.parametrize("kind", ["file", "link"])
def test_init_never_overwrites(world: World, kind: str) -> None:
    """A file, or a link to nowhere, stays as it is."""
    path = world.folder / "trustpack.yaml"
    if kind == "file":
        path.write_text("theirs")
    else:
        path.symlink_to("nowhere")
    done = world.run("init", "roots.pem", "--org", "acme")
    assert done.code == 8
    assert done.err.startswith("error: trustpack.yaml: ")
    assert (path.is_symlink(), path.exists() and path.read_text()) == (
        kind == "link",
        kind == "file" and "theirs",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.pem", "--org", "acme"], 4, "none.pem: there is no such file"),
        (["roots.pem", "--org", "Acme"], 3, "--org 'Acme': is not a usable name"),
        (
            ["roots.pem", "--org", "acme", "--config", "no/such/x.yaml"],
            8,
            "no/such/x.yaml: cannot be written",
        ),
    ],
)
def test_init_checks_before_it_writes(world: World, arguments: list[str], code: int, message: str) -> None:
    """A bundle that would not build gets no configuration."""
    done = world.run("init", *arguments)
    assert (done.code, world.files(".")) == (code, ["roots.pem"])
    assert message in done.err


@pytest.mark.parametrize(
    "name",
    [
        "it's here.pem",
        'a "b" c.pem',
        "# not a comment.pem",
        "{x}.pem",
        "日本 😀.pem",
        "a\\b.pem",
        "x - y: z.pem",
    ],
)
def test_init_quotes_any_path(world: World, name: str) -> None:
    """The file that was named is the one that is built from, also from another folder."""
    (world.folder / "roots.pem").rename(world.folder / name)
    (world.folder / "conf").mkdir()
    assert world.run("init", name, "--org", "acme", "--config", "conf/trustpack.yaml").code == 0
    done = world.run("build", "--config", "conf/trustpack.yaml", "--target", "pem", "--quiet")
    assert (done.code, done.err) == (0, "")


def test_init_keeps_an_absolute_path(world: World) -> None:
    """Whoever names /etc/pki/roots.pem means that file wherever the configuration goes."""
    assert world.run("init", world.folder / "roots.pem", "--org", "acme").code == 0
    value = document.parse((world.folder / "trustpack.yaml").read_text(), "").value
    assert value["bundle"]["paths"] == [str(world.folder / "roots.pem")]


def test_recipes_are_listed_with_their_origin(world: World) -> None:
    """Built in, or the organisation's own file, and whether it is built without being named."""
    world.write("recipes/zarf.yaml", f"{_RECIPE}default: false\n")
    world.write("templates/zarf/zarf.yaml.j2", "")
    world.write("templates/zarf/install", "")
    done = world.run("recipes", "list", "--json")
    found = {row["target"]: (row["origin"], row["default"]) for row in json.loads(done.out)["recipes"]}
    assert (found["deb"], found["zarf"]) == (("built in", True), ("recipes/zarf.yaml", False))
    lines = world.run("recipes", "list").out.splitlines()
    assert lines[0].split() == ["target", "title", "built", "origin"]
    assert lines[-1].split() == ["zarf", "Zarf", "bundle", "if", "named", "recipes/zarf.yaml"]


def test_a_target_that_is_not_built_by_default_is_built_where_it_is_named(world: World) -> None:
    """On the command line or in the configuration; a build that names none leaves it out."""
    world.write("recipes/zarf.yaml", f"{_RECIPE}default: false\n")
    world.write("templates/zarf/zarf.yaml.j2", "")
    world.write("templates/zarf/install", "")
    world.write("trustpack.yaml", CONFIG)

    def built(out: str, *arguments: str) -> set[str]:
        done = world.run("build", "--json", "--quiet", "--out", out, *arguments)
        assert (done.code, done.err) == (0, "")
        return {artifact["target"] for artifact in json.loads(done.out)["artifacts"]}

    assert "zarf" not in built("all")
    assert built("named", "--target", "zarf") == {"zarf"}
    world.write("trustpack.yaml", f"{CONFIG}targets: [pem, zarf]\n")
    assert built("chosen") == {"pem", "zarf"}


def test_the_schema_of_recipes_is_printed_too(world: World) -> None:
    """With `--recipe`, for editors."""
    schema = json.loads(world.run("schema", "--recipe").out)
    assert schema["title"] == "a trustpack recipe"
    assert "name_pattern" in schema["$defs"]["RecipeSection"]["required"]


def test_a_recipe_is_shown_whole(world: World) -> None:
    """What is printed is the recipe file and the names of its templates."""
    done = world.run("recipes", "show", "deb")
    assert "name_pattern:" in done.out
    assert any(line.endswith("/deb/maintain.j2") for line in done.out.splitlines())
    assert world.run("recipes", "show", "debb").code == 2


def test_every_exported_recipe_builds_the_same_packages(world: World) -> None:
    """A copy beside the configuration has all that the built-in target has, hidden inclusions too."""
    world.write("trustpack.yaml", CONFIG)
    assert world.run("build", "--quiet").code == 0
    before = (world.folder / "dist" / "manifest.json").read_bytes()
    targets = {artifact["target"] for artifact in json.loads(before)["artifacts"]}
    for target in sorted(targets):
        done = world.run("recipes", "export", target)
        assert (target, done.code, f"recipes/{target}.yaml" in done.out) == (target, 0, True)
    done = world.run("build", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert (world.folder / "dist" / "manifest.json").read_bytes() == before


def test_export_never_overwrites(world: World) -> None:
    """What was changed stays, and nothing else is written beside it."""
    world.write("templates/deb/maintain.j2", "mine")
    done = world.run("recipes", "export", "deb")
    assert done.code == 8
    assert "templates/deb/maintain.j2: is there already" in done.err
    assert not (world.folder / "recipes").exists()


def test_a_changed_copy_replaces_the_built_in_target(world: World) -> None:
    """One line changed in an exported template is in the package."""
    world.write("trustpack.yaml", CONFIG)
    assert world.run("recipes", "export", "wheel").code == 0
    recipe = world.folder / "recipes" / "wheel.yaml"
    recipe.write_text(
        recipe.read_text().replace(
            "files:\n", "files:\n      - path: acme-note.txt\n        template: note.j2\n", 1
        )
    )
    world.write("templates/wheel/note.j2", "Made for {{ org.name|text }}.\n")
    assert world.run("build", "--target", "wheel", "--quiet").code == 0
    wheel = next((world.folder / "dist").glob("*.whl"))
    with zipfile.ZipFile(wheel) as found:
        assert found.read("acme-note.txt") == b"Made for Acme.\n"


_RECIPE = """\
title: Zarf bundle
name: "{slug}-zarf"
name_pattern: "[a-z0-9-]+"
version: "{semver}"
settings:
  shell:
    choices: [none, sh]
    help: whether a script comes with it
outputs:
  - id: archive
    container: tar
    filename: "{name}-{version}.tgz"
    files:
      - path: "{name}/zarf.yaml"
        template: zarf.yaml.j2
      - path: "{name}/certs/{certificate}.pem"
        content: certificate
      - path: "{name}/inventory.json"
        content: inventory
      - path: "{name}/install"
        source: install
        mode: "0755"
        when: {shell: sh}
install: zarf package deploy {filename}
verify: zarf version
remove: zarf package remove {name}
"""


def test_a_target_is_added_with_no_python_at_all(world: World) -> None:
    """A YAML file and a folder of templates beside the configuration are a new kind of package."""
    world.write("trustpack.yaml", CONFIG + "targets: [zarf]\nsettings: {zarf: {shell: sh}}\n")
    world.write("recipes/zarf.yaml", _RECIPE)
    world.write("templates/zarf/zarf.yaml.j2", "kind: {{ name|yaml }}\nversion: {{ version|yaml }}\n")
    world.write("templates/zarf/install", "#!/bin/sh\necho $HOME {{ untouched }}\n")
    done = world.run("build", "--release", "2026.10")
    assert done.code == 0
    assert "zarf package deploy acme-zarf-1.2026.10.tgz" in done.out
    with tarfile.open(world.folder / "dist" / "acme-zarf-1.2026.10.tgz") as archive:
        files = {member.name: (oct(member.mode), archive.extractfile(member)) for member in archive}
        texts = {name: stream.read().decode() for name, (_, stream) in files.items() if stream}
    certificate = next(name for name in texts if "/certs/" in name)
    assert sorted(texts) == sorted(
        ["acme-zarf/zarf.yaml", certificate, "acme-zarf/inventory.json", "acme-zarf/install"]
    )
    assert texts["acme-zarf/zarf.yaml"] == 'kind: "acme-zarf"\nversion: "1.2026.10"\n'
    assert texts[certificate] == (world.folder / "roots.pem").read_text()
    assert texts["acme-zarf/install"] == "#!/bin/sh\necho $HOME {{ untouched }}\n"
    assert files["acme-zarf/install"][0] == "0o755"


def test_a_recipe_in_old_words_builds_with_a_warning(world: World) -> None:
    """It names file, line and the new key, and --quiet leaves it out."""
    world.write("trustpack.yaml", CONFIG + "targets: [deb]\n")
    assert world.run("recipes", "export", "deb").code == 0
    recipe = world.folder / "recipes" / "deb.yaml"
    new, old = "      multi_arch: foreign\n", "      deb: {fields: {Multi-Arch: foreign}}\n"
    text = recipe.read_text()
    line = text[: text.index(new)].count("\n") + 1
    recipe.write_text(text.replace(new, old))
    warning = f"recipes/deb.yaml:{line}: metadata.deb.fields.Multi-Arch is now called metadata.multi_arch\n"
    done = world.run("build")
    assert (done.code, done.err) == (0, f"warning: {warning}built deb\n")
    assert world.run("build", "--quiet").err == ""


def test_templates_of_ones_own_take_no_file_of_the_machine(world: World) -> None:
    """A branch that nobody has reviewed could link to one, whatever the build then does with it."""
    world.run("init", "roots.pem", "--org", "acme")
    assert world.run("recipes", "export", "deb").code == 0
    (world.folder / "templates" / "deb" / "copyright.j2").unlink()
    (world.folder / "templates" / "deb" / "copyright.j2").symlink_to("/etc/hostname")
    done = world.run("build", "--target", "deb")
    assert (done.code, world.files()) == (3, [])
    assert "templates/deb/copyright.j2: leads out of the folder of its templates" in done.err


@pytest.mark.parametrize("linked", ["templates", "templates/deb", "templates/deb/more", "recipes/deb.yaml"])
def test_no_folder_and_no_recipe_of_ones_own_leads_elsewhere(world: World, linked: str) -> None:
    """Templates could include what lies in a linked folder, and errors show a recipe's text."""
    world.run("init", "roots.pem", "--org", "acme")
    assert world.run("recipes", "export", "deb").code == 0
    elsewhere = world.folder / "elsewhere" / "deb"
    elsewhere.mkdir(parents=True)
    (elsewhere / "secret").write_text("secret")
    path = world.folder / linked
    if path.exists():
        path.rename(world.folder / "away")
    target = elsewhere / "secret" if path.suffix else elsewhere
    path.symlink_to(elsewhere.parent if linked == "templates" else target)
    for command in (["build", "--target", "deb"], ["recipes", "show", "deb"]):
        done = world.run(*command)
        assert (done.code, done.out, world.files()) == (3, "", [])
        assert " leads out of the folder of " in done.err
        assert "secret" not in done.err


@pytest.mark.parametrize("linked", ["templates/deb/more", "templates/deb/copyright.j2", "recipes/x.yaml"])
def test_no_link_is_followed_inside_a_folder_either(world: World, linked: str) -> None:
    """It may lead elsewhere by the time that it is read."""
    world.run("init", "roots.pem", "--org", "acme")
    assert world.run("recipes", "export", "deb").code == 0
    path = world.folder / linked
    path.unlink(missing_ok=True)
    path.symlink_to({".yaml": "deb.yaml"}.get(path.suffix, "maintain.j2"))
    done = world.run("build", "--target", "x" if path.suffix == ".yaml" else "deb")
    assert (done.code, world.files()) == (3, [])
    assert f"{linked}: is a link\n" in done.err


def test_a_recipe_that_is_a_pipe_is_told_and_not_waited_for(world: World) -> None:
    """Reading one would never end."""
    world.run("init", "roots.pem", "--org", "acme")
    (world.folder / "recipes").mkdir()
    os.mkfifo(world.folder / "recipes" / "x.yaml")
    for command in ("build", "--target", "x"), ("recipes", "show", "x"), ("recipes", "list"):
        done = world.run(*command)
        assert (done.code, done.err) == (3, "error: recipes/x.yaml: is not a file\n")


@pytest.mark.parametrize(
    ("target", "file", "old", "other"),
    [
        ("npm", "package.json.j2", "{{ name|json }}", '"left-pad"'),
        ("wheel", "METADATA.j2", "Name: {{ name|header }}", "Name: certifi"),
        ("gem", "metadata.j2", "name: {{ name|yaml }}", "name: rack"),
        ("homebrew", "formula.rb.j2", "class {{ name|camel }}", "class Curl"),
    ],
)
def test_a_package_of_ones_own_cannot_call_itself_otherwise(
    target: str, file: str, old: str, other: str, world: World
) -> None:
    """A package manager would install it in the place of somebody else's."""
    world.run("init", "roots.pem", "--org", "acme")
    assert world.run("recipes", "export", target).code == 0
    path = world.folder / "templates" / target / file
    path.write_text(path.read_text().replace(old, other, 1))
    done = world.run("build", "--target", target)
    assert (done.code, world.files()) == (3, [])
    assert f"calls itself '{other.rsplit(maxsplit=1)[-1].strip(chr(34)).lower()}'" in done.err


@pytest.mark.parametrize(
    ("container", "filename", "path", "said"),
    [
        ("tar", "{name}-{version}.tgz", "a/package.json", "calls itself 'left-pad'"),
        ("tar", "{name}-{version}.tar.gz", "/b/package.json", "calls itself 'left-pad'"),
        ("file", "certifi-{version}-py3-none-any.whl", "x", "is no wheel package that can be read"),
        ("file", "openssl_{version}_all.DEB", "x", "is no deb package that can be read"),
    ],
)
def test_what_a_package_manager_would_read_otherwise_than_we_do_is_refused(
    container: str, filename: str, path: str, said: str, world: World
) -> None:
    """Npm takes package.json from any folder; others go by the name of the file."""
    world.run("init", "roots.pem", "--org", "acme")
    (world.folder / "templates" / "x").mkdir(parents=True)
    (world.folder / "recipes").mkdir()
    world.write("templates/x/description", '{"name": "left-pad", "version": "1.0.0"}')
    world.write(
        "recipes/x.yaml",
        'title: x\nname: "{slug}-x"\nname_pattern: "[a-z-]+"\nversion: "{release}"\ninstall: x\n'
        f'verify: x\nremove: x\noutputs:\n  - id: a\n    container: {container}\n    filename: "{filename}"\n'
        f"    files:\n      - path: {path}\n        source: description\n",
    )
    done = world.run("build", "--target", "x")
    assert (done.code, world.files()) == (3, [])
    assert said in done.err


def test_a_private_key_in_a_template_of_ones_own_is_shipped_nowhere(world: World) -> None:
    """It stops the build as one in the bundle does."""
    world.run("init", "roots.pem", "--org", "acme")
    assert world.run("recipes", "export", "npm").code == 0
    now = dt.datetime.now(dt.UTC)
    key = authority.issue(authority.create("x", now=now), ["x"], now=now).key.decode()
    with (world.folder / "templates" / "npm" / "register.js").open("a") as stream:
        stream.write(f"/*\n{key}*/\n")
    done = world.run("build", "--target", "npm")
    assert (done.code, world.files()) == (5, [])
    assert re.match(r"error: templates/npm/register\.js:[0-9]+: holds a private key", done.err)
    assert not [line for line in key.splitlines() if line in done.err]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "kind: {{ name }}",
            "templates/zarf/zarf.yaml.j2:1: the value 'acme-zarf' is printed without a quoting filter",
        ),
        ("a: 1\nkind: {{ nam|yaml }}", "templates/zarf/zarf.yaml.j2:2: there is no 'nam'"),
        ("{% if %}", "templates/zarf/zarf.yaml.j2:1: not a valid template: expected an expression"),
        (
            "a: 1\n{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            "templates/zarf/zarf.yaml.j2:2: takes longer than 10 seconds",
        ),
        ("a: {{ 'a' * 10 ** 10 }}", "templates/zarf/zarf.yaml.j2:1: takes more memory than there is for it"),
        (
            "{% include 'zarf.yaml.j2' %}",
            "templates/zarf/zarf.yaml.j2:1: includes or calls itself without end",
        ),
    ],
)
def test_a_template_of_ones_own_is_refused_with_file_and_line(
    world: World, template: str, message: str
) -> None:
    """Nothing is written."""
    world.write("trustpack.yaml", CONFIG + "targets: [zarf]\n")
    world.write("recipes/zarf.yaml", _RECIPE)
    world.write("templates/zarf/install", "")
    world.write("templates/zarf/zarf.yaml.j2", template)
    done = world.run("build", "--quiet")
    assert (done.code, world.files()) == (3, [])
    assert f"error: {message}" in done.err


def test_a_pattern_of_ones_own_that_never_ends_is_told_with_its_line(world: World) -> None:
    """Names are matched with it, and one that nearly fits may take for ages."""
    world.write("trustpack.yaml", CONFIG + f"targets: [zarf]\nnames: {{zarf: acme-{'a' * 40}!}}\n")
    world.write("recipes/zarf.yaml", re.sub("name_pattern: .*", 'name_pattern: "(.+)+-"', _RECIPE))
    world.write("templates/zarf/install", "")
    world.write("templates/zarf/zarf.yaml.j2", "")
    done = world.run("build", "--quiet")
    assert (done.code, world.files()) == (3, [])
    assert re.search(r"recipes/zarf\.yaml:[0-9]+: on 'acme-a+!': takes longer than 10 seconds", done.err)


def test_init_keeps_standard_input(world: World, roots: bytes) -> None:
    """What is no file is written down as it was given, not as a path from the configuration's folder."""
    (world.folder / "conf").mkdir()
    command = [str(PROGRAM), "init", "-", "roots.pem", "--org", "acme", "--config", "conf/trustpack.yaml"]
    done = subprocess.run(command, cwd=world.folder, env=ENVIRONMENT, input=roots, check=False)
    text = (world.folder / "conf" / "trustpack.yaml").read_text()
    assert (done.returncode, '    - "-"\n    - "../roots.pem"\n' in text) == (0, True)


def test_init_refuses_a_name_that_yaml_cannot_hold(world: World, roots: bytes) -> None:
    """A file name that is no UTF-8 is an error now, and not in the next build."""
    name = os.fsdecode(b"\xff.pem")
    (world.folder / name).write_bytes(roots)
    done = world.run("init", name, "--org", "acme")
    assert (done.code, world.files(".")) == (2, ["roots.pem", name])
    assert world.run("lint", name, "--format", "sarif").code == 0


def test_export_says_what_it_cannot_write(world: World) -> None:
    """A file where the folder must be is an error of ours."""
    world.write("recipes", "theirs")
    done = world.run("recipes", "export", "pem")
    assert (done.code, done.err) == (8, "error: recipes/pem.yaml: cannot be written: File exists\n")


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("trustpack bu", ["build"]),
        ("trustpack build --target r", ["rpm"]),
        ("trustpack recipes show whe", ["wheel"]),
        ("trustpack explain same-", ["same-subject", "same-key"]),
    ],
)
def test_shells_complete_commands_targets_and_rules(world: World, words: str, completed: list[str]) -> None:
    """As bash asks for it."""
    asked = {"_TRUSTPACK_COMPLETE": "complete_bash", "COMP_WORDS": words}
    done = world.run(env=asked | {"COMP_CWORD": str(words.count(" "))})
    assert done.out.split() == completed
