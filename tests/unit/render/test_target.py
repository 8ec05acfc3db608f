"""Rendering: names by each ecosystem's rules, files as the recipe lists them, values only through quotes."""

import itertools
import re
from pathlib import Path

import msgspec
import pytest

from builder import render
from builder.errors import ConfigError
from builder.model import Bundle, Organisation, Package
from builder.model.release import Release, Revision
from builder.render import naming, recipe
from builder.render.recipe import RecipeSource
from builder.text.quoting import FILTERS
from tests.unit import bundles

RECIPE = bundles.MINIMAL_RECIPE
BUNDLE = bundles.bundle("Acme Root", "Acme Root 2")
TEMPLATE = RECIPE.replace("content: bundle", "template: a.j2")


def subject(
    source: RecipeSource,
    *,
    organisation: Organisation | None = None,
    bundle: Bundle = BUNDLE,
    name: str | None = None,
) -> render.TargetRelease:
    """Apply a target to an organisation's release 20261124.1."""
    return render.target_release(
        recipe.read(source),
        source.templates,
        organisation or bundles.organisation(),
        bundle,
        Release("20261124.1"),
        epoch=1_795_478_400,
        name=name,
    )


def package(source: RecipeSource, **changes: str) -> Package:
    """Render a target's first output."""
    found = subject(source, organisation=bundles.organisation(**changes))
    return render.package(found, found.recipe.outputs[0], digests={"first": "ab"}, filenames={"first": "f"})


def rendered(folder: Path, template: str, **changes: str) -> str:
    """Render one template text."""
    return package(bundles.target(folder, TEMPLATE, a_j2=template), **changes).files[0].data.decode()


def refusal(folder: Path, text: str = TEMPLATE, **templates: str) -> tuple[str, str]:
    """Return message and hint of the error that rendering ends in."""
    with pytest.raises(ConfigError) as caught:
        package(bundles.target(folder, text, **templates))
    return str(caught.value).replace(f"{folder}/templates/thing/", ""), caught.value.hint


@pytest.mark.parametrize(
    ("target", "name", "version"),
    [
        ("deb", "acme-ca-certs", "20261124.1"),
        ("rpm", "acme-ca-certs", "20261124.1"),
        ("apk", "acme-ca-certs", "20261124.1"),
        ("wheel", "acme-certifi", "1.20261124.1"),
        ("npm", "acme-ca", "1.20261124.1"),
        ("gem", "acme-ca", "1.20261124.1"),
        ("pem", "acme-ca-certs", "20261124.1"),
    ],
)
def test_packages_are_named_after_the_organisation_in_each_ecosystems_way(
    target: str, name: str, version: str
) -> None:
    """The names and version grammars that the design fixes."""
    found = subject(recipe.sources()[target])
    assert (found.name, found.version) == (name, version)


@pytest.mark.parametrize(
    ("target", "versions"),
    [
        ("deb", ["20261124.1", "2026.10.1", "2026.9"]),
        ("wheel", ["1.20261124.1", "2026.10.1", "1.2026.9"]),
        ("gem", ["1.20261124.1", "2026.10.1", "1.2026.9"]),
        ("npm", ["1.20261124.1", "2026.10.1", "1.2026.9"]),
    ],
)
def test_the_history_has_the_versions_that_a_target_gave_its_releases(
    target: str, versions: list[str]
) -> None:
    """One of three numbers is from before libraries had a number in front."""
    found = subject(recipe.sources()[target])
    history = tuple(Revision(one, "2026-11-24", ()) for one in ("20261124.1", "2026.10.1", "2026.9"))
    made = render.package(
        msgspec.structs.replace(found, history=history), found.recipe.outputs[0], digests={}, filenames={}
    )
    assert [one.release for one in made.history] == versions


def test_a_scope_changes_npms_name_only() -> None:
    """@acme/ca is flat in the file name, as npm has it, and an identifier in code."""
    organisation = bundles.organisation(npm_scope="@acme")
    found = subject(recipe.sources()["npm"], organisation=organisation)
    assert (found.name, found.words["flat"], found.words["module"]) == ("@acme/ca", "acme-ca", "acme__ca")
    assert subject(recipe.sources()["gem"], organisation=organisation).name == "acme-ca"


@pytest.mark.parametrize(
    ("site", "host", "group"),
    [
        ("", "acme.internal", "internal.acme"),
        ("https://pkgs.corp.example:8443/trust", "pkgs.corp.example", "example.corp.pkgs"),
        ("https://PKGS.Corp.Example", "pkgs.corp.example", "example.corp.pkgs"),
        ("http://127.0.0.1:8080", "acme.internal", "internal.acme"),
        ("http://[::1]:8080", "acme.internal", "internal.acme"),
        ("http://localhost", "acme.internal", "internal.acme"),
    ],
)
def test_go_and_maven_names_begin_with_the_sites_host(site: str, host: str, group: str) -> None:
    """An address and a name without a dot are nobody's: their place is taken by one for private use."""
    words = subject(recipe.sources()["pem"], organisation=bundles.organisation(site=site)).words
    assert (words["host"], words["group"]) == (host, group)


def test_what_lies_below_the_sites_host_is_the_organisations(tmp_path: Path) -> None:
    """As an npm scope: a path there needs no slug, and one of another host does."""
    text = RECIPE.replace('name: "{slug}-thing"', 'name: "{host}/ca"').replace("[a-z0-9-]+", ".*")
    source = bundles.target(tmp_path, text.replace("{name}", "{flat}"), name="thing")
    owner = bundles.organisation(site="https://pkgs.corp.example")
    found = subject(source, organisation=owner)
    assert (found.name, found.words["flat"]) == ("pkgs.corp.example/ca", "pkgs.corp.example-ca")
    with pytest.raises(ConfigError, match="does not contain 'acme'"):
        subject(source, organisation=owner, name="pkgs.corp.example.evil/ca")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("internal.acme:acme-ca", "internal.acme.acme_ca"),
        ("com.3m-corp.pki:3m-ca", "com._3m_corp.pki._3m_ca"),
        ("org.new.class:acme-ca", "org.new_.class_.acme_ca"),
        ("java.acme:acme-ca", "java_.acme.acme_ca"),
        ("example.xn--mnchen-3ya:int", "example.xn__mnchen_3ya.int_"),
    ],
)
def test_coordinates_are_a_java_package(name: str, package: str) -> None:
    """With an underscore for what no identifier holds or begins with, and behind what the language keeps."""
    assert naming.java_package(name) == package


def test_no_two_coordinates_share_a_java_package() -> None:
    """Of all that the recipe's pattern lets through: hyphens, digits and keywords are told apart."""
    pattern = re.compile(recipe.read(recipe.sources()["maven"]).name_pattern)
    labels = ("a", "a-b", "ab", "a--b", "3", "int", "java", "a-", "-a", "a_b", "_3", "int_")
    names = [f"{one}.{two}:{three}" for one, two, three in itertools.product(labels, repeat=3)]
    allowed = [name for name in names if pattern.fullmatch(name)]
    assert len(allowed) > 200
    assert len({naming.java_package(name) for name in allowed}) == len(allowed)


def test_a_name_for_kubernetes_fits_a_label_that_is_made_of_it() -> None:
    """trust-manager puts the name of its Bundle into one of 63 characters."""
    pattern = re.compile(recipe.read(recipe.sources()["kubernetes"]).name_pattern)
    longest = "a" * (63 - len("-and-public"))
    assert pattern.fullmatch(longest)
    assert not pattern.fullmatch(f"{longest}a")


def test_maven_coordinates_have_an_artifact(tmp_path: Path) -> None:
    """Its files are called by it, without the group."""
    text = RECIPE.replace('name: "{slug}-thing"', 'name: "{group}:{slug}-ca"').replace("[a-z0-9-]+", ".*")
    found = subject(bundles.target(tmp_path, text.replace("{name}", "{artifact}"), name="thing"))
    assert (found.name, found.words["artifact"]) == ("internal.acme:acme-ca", "acme-ca")


def _uses_modules(source: RecipeSource) -> bool:
    word = re.compile(r"\{\{?[^}]*\bmodule\b")
    return any(word.search(path.read_text()) for path in (source.file, *source.templates.glob("*.j2")))


@pytest.mark.parametrize("target", [name for name, at in recipe.sources().items() if _uses_modules(at)])
def test_no_two_names_share_what_is_made_of_them(target: str) -> None:
    """Modules, and thereby switches, paths and Ruby's constants: of all short names that a recipe allows."""
    allowed = re.compile(recipe.read(recipe.sources()[target]).name_pattern)
    spelled = ("".join(signs) for length in range(7) for signs in itertools.product("a2-_/@.", repeat=length))
    names = [name for name in spelled if allowed.fullmatch(name)]
    modules = {naming.module(name) for name in names}
    assert len(names) == len(modules) > 10
    if target in {"gem", "wheel"}:
        assert len({FILTERS["constant"](module) for module in modules}) == len(modules)


@pytest.mark.parametrize(
    ("name", "slug"), [("acme2-ca-certs", "acme"), ("ca-certificates", "ca"), ("openssl", "openssl")]
)
def test_a_name_of_somebody_elses_package_is_refused(name: str, slug: str) -> None:
    """Also where the slug is a part of a word, or of a well-known name."""
    with pytest.raises(ConfigError) as caught:
        subject(recipe.sources()["deb"], organisation=bundles.organisation(slug=slug), name=name)
    assert str(caught.value).startswith(f"names.deb: '{name}' ")


def test_a_recipes_own_name_is_refused_at_its_line(tmp_path: Path) -> None:
    """The configuration has none, so it is not what is told."""
    source = bundles.target(tmp_path, RECIPE.replace('name: "{slug}-thing"', 'name: "left-pad"'))
    with pytest.raises(ConfigError) as caught:
        subject(source)
    assert str(caught.value) == f"{source.file}:2: 'left-pad' does not contain 'acme'"


@pytest.mark.parametrize("key", ["provides", "conflicts", "replaces", "breaks"])
@pytest.mark.parametrize("other", ["ca-certificates", "bash (>= 1)", "acme-old | libssl3", "acme2-ca-certs"])
def test_a_package_takes_no_place_of_somebody_elses(key: str, other: str, tmp_path: Path) -> None:
    """A recipe that nobody has reviewed could send other packages away; it may depend on them."""
    metadata = "    metadata: {KEY: ['OTHER'], depends: [bash]}\n    files:"
    text = RECIPE.replace("container: tar", "container: deb").replace("    files:", metadata)
    fine = text.replace("KEY", key).replace("OTHER", "{slug}-old (<< 2)")
    assert package(bundles.target(tmp_path, fine)).metadata[key] == ["acme-old (<< 2)"]
    source = bundles.target(tmp_path, text.replace("KEY", key).replace("OTHER", other), "other")
    with pytest.raises(ConfigError) as caught:
        package(source)
    assert str(caught.value).startswith(f"{source.file}:9: {key}: '")
    assert str(caught.value).endswith("' is somebody else's package")


def test_templates_are_not_told_which_fields_were_configured(tmp_path: Path) -> None:
    """The lock pins what the fields say: no package may differ by more."""
    text = "{% for field in org.defaulted %}{{ field|text }}{% endfor %}."
    source = bundles.target(tmp_path, TEMPLATE, a_j2=text)
    owner = msgspec.structs.replace(bundles.organisation(), defaulted=("homepage",))
    found = subject(source, organisation=owner)
    made = render.package(found, found.recipe.outputs[0], digests={}, filenames={})
    assert made.files[0].data == b"."


def test_what_names_something_has_an_end(tmp_path: Path) -> None:
    """A path and a relation of a million characters each, many thousand times, would fill the memory."""
    metadata = "    metadata: {depends: ['" + "{description}" * 5 + "']}\n"
    for number, text in enumerate(
        (
            RECIPE.replace("path: roots.pem", "path: '" + "{description}" * 5 + "'"),
            RECIPE.replace("container: tar", "container: deb").replace("    files:", metadata + "    files:"),
        )
    ):
        source = bundles.target(tmp_path, text, f"t{number}")
        found = subject(source, organisation=bundles.organisation(description="x" * 1_000))
        with pytest.raises(ConfigError) as caught:
            render.package(found, found.recipe.outputs[0], digests={}, filenames={})
        assert str(caught.value).endswith(": would be longer than 4096 characters")


def test_a_package_has_an_end(tmp_path: Path) -> None:
    """Files are counted as they are made, and not when the memory is full of them."""
    with_bundles = "".join(f"      - path: {i}.pem\n        content: bundle\n" for i in range(20_000))
    long = "    files:\n      - path: '" + "{description}" * 100_000 + "'\n        content: bundle\n"
    for number, files in enumerate(("    files:\n" + with_bundles, long)):
        source = bundles.target(tmp_path, RECIPE.replace("    files:\n", files), f"t{number}")
        organisation = bundles.organisation(description="x" * 10_000)
        found = subject(source, organisation=organisation, bundle=bundles.bundle(*"ABCDEFGHIJKLMNOP"))
        with pytest.raises(ConfigError) as caught:
            render.package(found, found.recipe.outputs[0], digests={}, filenames={})
        assert re.fullmatch(
            r".*:[0-9]+: (the package )?would (hold more|be longer) than .*", str(caught.value)
        )


def test_a_configured_name_replaces_the_recipes() -> None:
    """Where the ecosystem allows it."""
    assert subject(recipe.sources()["deb"], name="acme-trust").name == "acme-trust"


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("deb", "Acme"),
        ("deb", "a"),
        ("deb", "acme ca"),
        ("deb", "acme-ca\n"),
        ("deb", "../acme"),
        ("rpm", "acme ca"),
        ("rpm", "../acme"),
        ("apk", "-acme"),
        ("npm", "Acme"),
        ("npm", "@acme"),
        ("npm", "@acme/a/b"),
        ("npm", ".acme"),
        ("gem", "acme ca"),
        ("gem", "../acme"),
        ("wheel", "-acme"),
        ("wheel", "acme/certifi"),
        ("pem", "acme/ca"),
    ],
)
def test_a_name_that_the_ecosystem_forbids_is_refused(target: str, name: str) -> None:
    """The error names the configuration's key and the ecosystem's rule."""
    with pytest.raises(ConfigError) as caught:
        subject(recipe.sources()[target], name=name)
    assert str(caught.value).startswith(f"names.{target}: '")
    what = recipe.read(recipe.sources()[target])
    assert caught.value.hint == what.name_rule
    assert what.name_pattern not in f"{caught.value} {caught.value.hint}"


def test_a_default_name_that_the_ecosystem_forbids_leads_to_the_key_of_another() -> None:
    """As Go's below con.internal: the slug, which is no reason to give up the target, made it."""
    with pytest.raises(ConfigError, match=r"'con\.internal/ca' is not a name that go packages") as caught:
        subject(recipe.sources()["go"], organisation=bundles.organisation(slug="con"))
    assert caught.value.hint
    assert caught.value.hint.endswith("; choose one in the configuration, as names.go")


def test_a_recipe_without_a_rule_in_words_says_where_its_pattern_is(tmp_path: Path) -> None:
    """No regular expression is shown to whoever only chose a name."""
    with pytest.raises(ConfigError) as caught:
        subject(bundles.target(tmp_path), name="Acme")
    assert caught.value.hint == "'trustpack recipes show thing' has its name_pattern"


def test_certificates_get_a_file_each_and_content_is_made_from_the_bundle(tmp_path: Path) -> None:
    """The certificate, the whole bundle and the inventory are what they say, in the recipe's order."""
    text = RECIPE.replace(
        "files:",
        """files:
      - path: certs/{slug}-{certificate}.crt
        content: certificate
      - path: trusted/{certificate}.crt
        content: trusted
      - path: list.json
        content: inventory
      - path: own
        kind: dir""",
    )
    files = package(bundles.target(tmp_path, text)).files
    one, two = BUNDLE.certificates
    assert [file.path for file in files] == [
        f"certs/acme-{one.stem}.crt",
        f"certs/acme-{two.stem}.crt",
        f"trusted/{one.stem}.crt",
        f"trusted/{two.stem}.crt",
        "list.json",
        "own",
        "roots.pem",
    ]
    assert [file.data.decode() for file in files[:2]] == [one.pem, two.pem]
    assert files[2].data.startswith(b"-----BEGIN TRUSTED CERTIFICATE-----\n")
    assert files[6].data.decode() == one.pem + two.pem
    assert (files[5].kind, files[5].mode, files[5].data) == ("dir", 0o755, b"")


def test_static_files_are_copied_byte_for_byte(tmp_path: Path) -> None:
    """What looks like a template, a placeholder or a line end of another system is left alone."""
    source = bundles.target(tmp_path, RECIPE.replace("content: bundle", "source: x.bin"))
    data = b"{{ org.name }} {name}\r\n\x00\xff{% if %}"
    (source.templates / "x.bin").write_bytes(data)
    assert package(source).files[0].data == data


def test_templates_see_what_they_are_promised(tmp_path: Path) -> None:
    """Every value of the templates' vocabulary is there."""
    template = """\
{{ org.slug|token }} {{ org.name|text }} {{ org.homepage|token }} {{ org.contact_name|text }}
{{ org.contact_email|token }} {{ org.license|text }} {{ org.summary|text }} {{ org.description|text }}
{{ name|token }} {{ flat|token }} {{ module|ident }} {{ version|token }} {{ release|token }}
{{ library_version|token }} {{ semver|token }}
{{ filename|token }} {{ epoch }} {{ date|token }} {{ digests.first|token }} {{ filenames.first|token }}
{% for c in certificates %}
{{ c.stem|token }} {{ c.sha256|token }} {{ c.label|text }} {{ c.key|text }} {{ c.openssl_hash|token }}
{% endfor %}
{% for path in files %}
{{ path|token }}
{% endfor %}
"""
    one, two = BUNDLE.certificates
    lines = rendered(tmp_path, template).splitlines()
    assert lines[0] == "acme Acme https://pki.acme.internal/ Acme PKI"
    assert lines[2:4] == [
        "acme-thing acme-thing acme_thing 20261124.1 20261124.1",
        "1.20261124.1 1.20261124.1",
    ]
    assert lines[4] == "acme-thing-20261124.1.tar.gz 1795478400 2026-11-24 ab f"
    assert lines[5].startswith(f"{one.stem} {one.sha256} Acme Root EC secp256r1 ")
    assert lines[6].startswith(f"{two.stem} ")
    assert lines[7:] == ["roots.pem"]


def test_a_template_keeps_its_lines_and_nothing_of_its_statements(tmp_path: Path) -> None:
    """Statements leave no blank lines, and the last newline stays."""
    assert rendered(tmp_path, "a\n  {% if true %}\n  b\n  {% endif %}\nc\n\n") == "a\n  b\nc\n\n"


def test_a_value_in_braces_is_never_read_twice(tmp_path: Path) -> None:
    """An organisation whose name is a template prints that template."""
    name = "{{ 7 * 7 }} {% raw %} {name} {slug}"
    assert rendered(tmp_path, "{{ org.name|text }}", name=name) == name
    text = RECIPE.replace("install: tar xf {filename}", "install: 'echo {org}'")
    found = subject(bundles.target(tmp_path, text), organisation=bundles.organisation(name=name))
    assert render.commands(found, {"thing": "f"})["install"] == f"echo {name}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("x\n{{ org.name }}\n", "a.j2:2: the value 'Acme' is printed without a quoting filter"),
        ("{{ org.name|json ~ 'x' }}", "a.j2:1: the value '\"Acme\"x' is printed without a quoting filter"),
        ("{{ 'a' }}", "a.j2:1: the value 'a' is printed without a quoting filter"),
        ("{{ certificates }}", "a.j2:1: the value ["),
        ("\n\n{{ orgg.name|json }}", "a.j2:3: there is no 'orgg'"),
        ("{{ nam|json }}", "a.j2:1: there is no 'nam'"),
        ("{{ nam|sh }}", "a.j2:1: there is no 'nam'"),
        ("{{ nam|token }}", "a.j2:1: there is no 'nam'"),
        ("{{ nam|xml }}", "a.j2:1: there is no 'nam'"),
        ("{% if nam == 'x' %}{% endif %}", "a.j2:1: there is no 'nam'"),
        ("{% for x in nam %}{% endfor %}", "a.j2:1: there is no 'nam'"),
        ("{{ org.nam|text }}", "a.j2:1: org has no 'nam'"),
        ("{{ org.name.first|text }}", "a.j2:1: text has no 'first'"),
        ("{{ digests.later|token }}", "a.j2:1: digests has no 'later'"),
        ("\n{{ certificates[7].stem|token }}", "a.j2:2: certificates has no item 7"),
        ("{{ certificates[0].stm|token }}", "a.j2:1: an item of certificates has no 'stm'"),
        ("{{ org.name|upper }}", "a.j2:1: there is no filter 'upper'"),
        ("{{ 'x' if org is smal else 'y' }}", "a.j2:1: there is no test 'smal'"),
        (
            "\n{% if %}",
            "a.j2:2: not a valid template: expected an expression, got 'end of statement block'",
        ),
        ("{% for x in y %}", "a.j2:1: not a valid template: unexpected end of template"),
        ("{{ org.name|token|token }}{{ org.description|token }}", "a.j2:1: 'Installs the certificate"),
        ("{% include 'b.j2' %}", "a.j2:1: there is no template 'b.j2'"),
        ("{% include '../../secret' %}", "a.j2:1: there is no template '../../secret'"),
        ("{% include 'a.j2' %}", "a.j2:1: includes or calls itself without end"),
        ("{{ 1 // 0 }}", "a.j2:1: divides by zero"),
        ("{{ range(1000000)|json }}", "a.j2:1: computes a number that is too large"),
        ("{{ org.name + 1 }}", "a.j2:1: combines or calls values of the wrong kind"),
        ("{{ 'x'.encode('x')|text }}", "a.j2:1: asks for an item that is not there"),
        ("{{ 'x'.__class__|text }}", "a.j2:1: reads what a template may not read"),
        ("{{ org.name.__class__.mro()|text }}", "a.j2:1: reads what a template may not read"),
    ],
)
def test_a_template_that_is_wrong_is_named_with_its_line(tmp_path: Path, template: str, message: str) -> None:
    """Undefined names, unquoted values, bad syntax and bad sums are errors, never text in a package."""
    assert refusal(tmp_path, a_j2=template)[0].startswith(message)


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("{{ org.nam|text }}", "did you mean 'name'?"),
        ("{{ certificates[0].stm|token }}", "did you mean 'stem'?"),
        ("{{ certificates[0].opensl_hash|token }}", "did you mean 'openssl_hash'?"),
        ("{{ verison|token }}", "did you mean 'version'?"),
        ("{{ digests.later|token }}", "known here: first"),
        ("{{ org.name.first|text }}", ""),
        ("{{ name|tokn }}", "did you mean 'token'?"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest_that_is(
    tmp_path: Path, template: str, hint: str
) -> None:
    """Names, fields and filters alike."""
    assert refusal(tmp_path, a_j2=template)[1] == hint


def test_an_unquoted_value_is_answered_with_the_filters(tmp_path: Path) -> None:
    """The hint lists them."""
    assert "json" in refusal(tmp_path, a_j2="{{ org.name }}")[1]


def test_a_template_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named."""
    source = bundles.target(tmp_path, TEMPLATE)
    (source.templates / "a.j2").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as caught:
        package(source)
    assert str(caught.value) == f"{source.templates}/a.j2: is not UTF-8 text"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("path: roots.pem", 'path: "{verison}.pem"', "unknown placeholder {verison}"),
        (
            "path: roots.pem",
            "path: a.pem\n        content: bundle\n      - path: a.pem",
            "two files have the path 'a.pem'",
        ),
        ("path: roots.pem", "path: ../a.pem", "'../a.pem' is not a plain path"),
        ("path: roots.pem", "path: a//b", "'a//b' is not a plain path"),
        ("path: roots.pem", "path: ./a", "'./a' is not a plain path"),
        ("path: roots.pem", 'path: "a\\nb"', "'a\\u000ab' is not a plain path"),
        ("path: roots.pem", "path: a\\b", "'a\\b' is not a plain path"),
        ("{name}-{version}.tar.gz", "{name}.tar.gz", "'acme-thing.tar.gz' does not contain {version}"),
        ("{name}-{version}.tar.gz", "../{version}", "'../20261124.1' is not a plain file name"),
        ("{name}-{version}.tar.gz", ".{version}", "'.20261124.1' is not a plain file name"),
        ("{name}-{version}.tar.gz", "{version} {name}", "'20261124.1 acme-thing' is not a plain file name"),
    ],
)
def test_a_path_that_could_land_elsewhere_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """Inside an archive and in the output folder alike; a file name tells releases apart."""
    found, _ = refusal(tmp_path, RECIPE.replace(old, new))
    assert re.fullmatch(rf".*/recipes/thing\.yaml:[0-9]+: {re.escape(message)}", found)


def test_a_scoped_name_in_a_file_name_is_answered_with_the_flat_one(tmp_path: Path) -> None:
    """@acme/ca has a slash, which the hint explains."""
    text = RECIPE.replace('name: "{slug}-thing"', 'name: "@{slug}/ca"').replace("[a-z0-9-]+", ".*")
    message, hint = refusal(tmp_path, text)
    assert message.endswith("'@acme/ca-20261124.1.tar.gz' is not a plain file name")
    assert hint.startswith("{flat}")


def test_commands_name_the_last_output_and_each_by_its_id(tmp_path: Path) -> None:
    """People are shown which file to install."""
    text = RECIPE.replace(
        "install: tar xf {filename}", 'install: "{filename} {filename_first} {name} {version}"'
    )
    found = subject(bundles.target(tmp_path, text))
    assert (
        render.commands(found, {"first": "one", "last": "two"})["install"] == "two one acme-thing 20261124.1"
    )


def test_metadata_is_filled(tmp_path: Path) -> None:
    """Placeholders work in texts and lists."""
    metadata = "    metadata: {depends: ['{slug}-base (>= {release})'], description: '{org}'}\n"
    recipe = RECIPE.replace("container: tar", "container: deb")
    found = package(bundles.target(tmp_path, recipe.replace("    files:", metadata + "    files:")))
    assert found.metadata == {"depends": ["acme-base (>= 20261124.1)"], "description": "Acme"}


def test_a_conditional_file_follows_its_setting(tmp_path: Path) -> None:
    """It is shipped for its own choice and not for another."""
    text = RECIPE + "settings:\n  speed:\n    choices: [slow, fast]\n    help: how fast\n"
    text = text.replace("content: bundle\n", "content: bundle\n        when: {speed: fast}\n")
    source = bundles.target(tmp_path, text)
    read = recipe.read(source)

    def paths(**settings: str) -> list[str]:
        found = render.target_release(
            read, source.templates, bundles.organisation(), BUNDLE, Release("1"), epoch=0, settings=settings
        )
        return [f.path for f in render.package(found, read.outputs[0], digests={}, filenames={}).files]

    assert (paths(), paths(speed="fast")) == ([], ["roots.pem"])
