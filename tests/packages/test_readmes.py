"""What a package says of itself: what it is, how to check and undo it, and that its name proves nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from builder.prove import authority
from builder.render import recipe
from tests import targets
from tests.packages import readers
from tests.packages.built import fingerprints, trustpack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packages.built import Built

_NOW = dt.datetime.now(dt.UTC)  # by the real clock, as the CAs begin by it

# Where each package's is, by the end of its artifact's name.
READMES = {
    "apk": (".apk", "/usr/share/doc/demo-ca-certs/README"),
    "arch": (".gz", "/usr/share/doc/demo-ca-certs/README"),
    "browsers-deb": ("browsers_20260102_all.deb", "/usr/share/doc/demo-ca-browsers/README"),
    "browsers-rpm": ("browsers-20260102-1.noarch.rpm", "/usr/share/doc/demo-ca-browsers/README"),
    "conda": (".conda", "share/demo-ca-certs/README.md"),
    "deb": (".deb", "/usr/share/doc/demo-ca-certs/README"),
    "doctor": (".pyz", "README.md"),
    "gem": (".gem", "README.md"),
    "go": (".zip", "README.md"),
    "homebrew": (".bottle.tar.gz", "demo-ca-certs/20260102/README"),
    "kubernetes": (".tar.gz", "demo-ca-20260102/README.md"),
    "maven": ("20260102.jar", "org/example/demo/packages/demo_ca/README.md"),
    "npm": (".tgz", "package/README.md"),
    "oci": (".oci.tar", "/README.md"),
    "snippets": (".tar.gz", "demo-ca-20260102/README.md"),
    "rpm": (".rpm", "/usr/share/doc/demo-ca-certs/README"),
    "wheel": (".whl", "demo_certifi-1.20260102.dist-info/METADATA"),
}


def _readme(demo: Built, target: str) -> str:
    suffix, path = READMES[target]
    return readers.read(target, demo.file(target, suffix)).data(path).decode()


@pytest.mark.parametrize("target", READMES)
def test_a_package_says_what_it_trusts_and_where_it_comes_from(demo: Built, target: str) -> None:
    """Each certificate by its whole fingerprint, and the one site to take the package from."""
    said = _readme(demo, target)
    assert [one for one in demo.fingerprints if one not in said] == []
    assert "https://packages.demo.example.org" in said
    assert "Take it from" in said
    assert "alone" in said
    assert "Anybody can" in said


@pytest.mark.parametrize("target", READMES)
def test_a_package_says_whether_it_trusts_a_ca_for_its_domains_alone(target: str, tmp_path: Path) -> None:
    """Beside the CA, and of no other one."""
    limited, free = (authority.create(f"Acme {name}", now=_NOW).pem for name in ("Limited", "Free"))
    (tmp_path / "roots.pem").write_bytes(limited + free)
    (digest,) = fingerprints(limited)
    keeps = targets.ALL[target].recipe.keeps_domains
    allowed = "" if keeps else f"settings: {{{target}: {{domains_unenforced: allow}}}}\n"
    (tmp_path / "trustpack.yaml").write_text(
        f"organisation: {{slug: demo, homepage: https://demo.example.org}}\nbundle: {{paths: [roots.pem]}}\n"
        f"release: '20260102'\nsite: https://packages.demo.example.org\n{allowed}"
        "lifecycle:\n  authorities:\n"
        f"    {digest}: {{domains: [corp.example, 10.0.0.0/8]}}\n"
    )
    out = tmp_path / "dist"
    trustpack("build", "--config", tmp_path / "trustpack.yaml", "--target", target, "--out", out)
    suffix, path = READMES[target]
    [file] = [file for file in out.iterdir() if file.name.endswith(suffix)]
    said = readers.read(target, file).data(path).decode().replace("\\", "")
    kept = "trusted for these alone" if keeps else "but trusted here for all names"
    assert said.count(f"meant for corp.example, 10.0.0.0/8, {kept}") == 1


@pytest.mark.parametrize("target", ["apk", "arch", "deb", "homebrew", "rpm"])
def test_a_system_package_says_how_to_check_and_remove_it(demo: Built, target: str) -> None:
    """By the commands that the manifest has, which are tried elsewhere."""
    said = _readme(demo, target)
    entry = demo.artifacts(target)[0]
    verify, remove = (str(entry[key]).splitlines()[0] for key in ("verify", "remove"))
    assert (verify in said, remove in said) == (True, True)


@pytest.mark.parametrize("target", ["arch", "rpm"])
def test_a_package_that_distrusts_a_ca_says_so(target: str, tmp_path: Path) -> None:
    """Apart from what it trusts: whoever installs it reads which CA it blocks."""
    good, bad = (authority.create(f"Acme {name}", now=_NOW).pem for name in ("Good", "Bad"))
    (gone,) = fingerprints(bad)
    (tmp_path / "roots.pem").write_bytes(good + bad)
    config = tmp_path / "trustpack.yaml"
    config.write_text(
        "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n"
        f"lifecycle: {{authorities: {{{gone}: {{state: distrusted}}}}}}\n"
    )
    dist = tmp_path / "dist"
    trustpack("build", "--config", config, "--out", dist, "--quiet", "--target", target)
    (file,) = (path for path in dist.iterdir() if path.name.endswith(READMES[target][0]))
    said = readers.read(target, file).data("/usr/share/doc/acme-ca-certs/README").decode()
    adds, _, rest = said.partition("It makes the system distrust, whoever else adds it:")
    assert ("CN=Acme Good" in adds, gone in adds) == (True, False)
    assert rest.startswith(f"\n\n  CN=Acme Bad\n    SHA-256 {gone}\n\n")


@pytest.mark.parametrize("target", ["doctor", "gem", "kubernetes", "npm", "oci", "snippets", "wheel"])
def test_an_organisations_name_is_text_in_markdown(target: str, tmp_path: Path) -> None:
    """Of a page that is shown as HTML nothing is lost, and nothing becomes a link or a tag."""
    (tmp_path / "roots.pem").write_bytes(authority.create("Acme", now=_NOW).pem)
    config = tmp_path / "trustpack.yaml"
    config.write_text(
        "organisation: {slug: acme, name: 'A <b> & [C](d)'}\n"
        "bundle: {paths: [roots.pem]}\nrelease: 20260102\n"
    )
    dist = tmp_path / "dist"
    trustpack("build", "--config", config, "--out", dist, "--quiet", "--target", target)
    suffix, path = READMES[target]
    (file,) = dist.glob(f"*{suffix}")
    said = readers.read(target, file).data(path.replace("demo", "acme")).decode()
    page = MarkdownIt().render(said.partition("\n\n")[2])
    assert ("A &lt;b&gt; &amp; [C](d)" in page, "<b>" in page) == (True, False)


def test_every_package_with_files_has_a_readme() -> None:
    """A new target says these things, too."""
    plain = {
        "jks",
        "mobileconfig",
        "msi",
        "pem",
        "windows",
    }  # they have no room for one
    assert {*READMES, *plain} == set(recipe.sources())
