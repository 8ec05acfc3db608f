"""What a lock pins of how packages are made: all that changes a byte, and nothing else."""

from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.lifecycle.packaging import Packaging, differences
from builder.pipeline.packaging import packaging
from builder.pipeline.project import find
from builder.render import recipe
from tests.unit import bundles

PLAIN = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n"
DISTRUSTED = f"lifecycle: {{authorities: {{{'a' * 64}: {{state: distrusted, since: 2026-11-01}}}}}}\n"


def made(folder: Path, text: str) -> Packaging:
    """Return how the packages of a configuration are made."""
    file = folder / "trustpack.yaml"
    file.write_text(text, "utf-8")
    return packaging(find([], None, file, now=bundles.NOW))


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ("site: https://packages.acme.example\n", "site"),
        ('npm_scope: "@acme"\n', "npm_scope"),
        ("names: {deb: acme-trust}\n", "names"),
        ("settings: {wheel: {activation: explicit}}\n", "settings"),
        ("publish: {public: [npm]}\n", "publish"),
        ("publish: {npm: {url: https://npm.acme.internal}}\n", "publish"),
        (DISTRUSTED, "reasons"),
    ],
    ids=["site", "npm_scope", "names", "settings", "public", "registry", "reasons"],
)
def test_what_changes_bytes_is_pinned(tmp_path: Path, more: str, part: str) -> None:
    """Each in a part of its own, so that people are told what it was."""
    assert differences(made(tmp_path, PLAIN), made(tmp_path, PLAIN + more)) == (part,)


@pytest.mark.parametrize(
    "field",
    [
        "name: Other", "homepage: https://x.example/", "contact: A <a@x.example>", "license: MIT",
        "summary: Other", "description: Other",
    ],
)  # fmt: skip
def test_the_organisations_texts_are_pinned(tmp_path: Path, field: str) -> None:
    """Every one."""
    other = PLAIN.replace("slug: acme", f"slug: acme, {field}")
    assert differences(made(tmp_path, PLAIN), made(tmp_path, other)) == ("organisation",)


def test_why_a_ca_is_distrusted_is_pinned(tmp_path: Path) -> None:
    """Packages carry it; who answers for the CA, they do not."""
    known = made(tmp_path, PLAIN + DISTRUSTED)
    for more, parts in (("evidence: INC-1", ("reasons",)), ("owner: PKI", ())):
        other = DISTRUSTED.replace("since:", f"{more}, since:")
        assert differences(known, made(tmp_path, PLAIN + other)) == parts


@pytest.mark.parametrize(
    "more",
    [
        "targets: [pem]\n",
        "release: 2026.10\n",
        "names: {deb: acme-ca-certs}\n",
        "settings: {wheel: {activation: auto}, rpm: {}}\n",
        "publish: {public: [github], pypi: {url: https://pypi.acme.internal/}}\n",
        f"lifecycle: {{overlap: 9d, authorities: {{{'a' * 64}: {{state: retiring, owner: PKI}}}}}}\n",
    ],
    ids=["targets", "release", "names", "settings", "publish", "lifecycle"],
)
def test_what_changes_no_byte_is_not_pinned(tmp_path: Path, more: str) -> None:
    """Paths, owners, targets, and what says what is so without it."""
    assert made(tmp_path, PLAIN) == made(tmp_path, PLAIN + more)
    assert made(tmp_path, PLAIN) == made(tmp_path, PLAIN.replace("roots.pem", "certs, more.pem"))
    said = "slug: acme, name: Acme, summary: CA certificates of Acme, license: Apache-2.0"
    assert made(tmp_path, PLAIN) == made(tmp_path, PLAIN.replace("slug: acme", said))


def test_own_recipes_are_pinned_with_their_templates(tmp_path: Path) -> None:
    """Each word of them, whether or not the target is built; a copy of a built-in one is none."""
    known = [made(tmp_path, PLAIN)]
    bundles.target(tmp_path, recipe.sources()["pem"].file.read_text("utf-8"), "pem")
    assert made(tmp_path, PLAIN) == known[0]
    # A process reads each template once: another text is another folder's.
    for text, template in ((bundles.MINIMAL_RECIPE, "a"), (bundles.MINIMAL_RECIPE, "b"), ("# x\n", "b")):
        folder = tmp_path / str(len(known))
        bundles.target(folder, text, part_j2=template)
        known.append(made(folder, PLAIN + "targets: [pem]\n"))
        assert all(differences(old, known[-1]) == ("recipes",) for old in known[:-1])


def test_an_own_recipe_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    """Also of a target that is not built."""
    source = bundles.target(tmp_path)
    (source.templates / "x").symlink_to("/etc/hostname")
    with pytest.raises(ConfigError, match="leads out"):
        made(tmp_path, PLAIN + "targets: [pem]\n")
