"""Organisations with difficult names: every ecosystem's own reader gives back exactly what was configured."""

import datetime as dt
import email
import gzip
import io
import json
import plistlib
import subprocess
import tarfile
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from builder.prove import authority
from tests import powershell, targets
from tests.cli.conftest import World
from tests.packages import readers as packages
from tests.tools import NO_HOME, require

Fields = dict[str, str]
NAMES = {
    "quotes": 'O\'Neil "& Sons" `Ltd`',
    "backslashes": "Back\\slash \\n \\\\ \\",
    "braces": "{{ 7 * 7 }} {% raw %} {name} {0} #{1 + 1} %{x}",
    "dollars": "Ca$h ${HOME} $(id) $1",
    "percent": "100% %s %d %n %(x)s %%",
    "yaml": "- [a, b]: {c} & *d !e |f >g @h # i",
    "unicode": "Ünïcödé 日本語 العربية",
    "beyond the base plane": "Acme 😀 \U0001f469\u200d\U0001f4bb",
    "html": "<b>Acme</b> <!-- --> &amp; ]]>",
    "ruby": "Acme\"); system('id'); (\"",
    "long": "Acme " + "x" * 250,
    "looks like a number": "1e3",
    "looks like nothing": "null",
}
RELEASE = "2026.10"
HOMEPAGE = "https://pki.acme.example:8443/a/~b/?q=%7Bx%7D,y+z=1#frag@!"


def ran(*command: str | Path, text: str = "") -> str:
    """Run a reader with an empty environment and return what it says."""
    done = subprocess.run(
        [require(str(command[0])), *command[1:]],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "HOME": NO_HOME, "PATH": "/usr/bin:/bin"},
    )
    return done.stdout


def deb(file: Path) -> Fields:
    """Read as dpkg does."""
    fields = [ran("dpkg-deb", "-f", file, field)[:-1] for field in ("Description", "Homepage", "Maintainer")]
    return {"summary": fields[0].split("\n")[0], "homepage": fields[1], "contact": fields[2]}


def rpm(file: Path) -> Fields:
    """Read as rpm does."""
    tags = "%{SUMMARY}\\n%{URL}\\n%{PACKAGER}\\n%{VENDOR}\\n%{LICENSE}"
    lines = ran("rpm", "-qp", "--nosignature", "--qf", tags, file).split("\n")
    return dict(zip(("summary", "homepage", "contact", "name", "license"), lines, strict=True))


def apk(file: Path) -> Fields:
    """Read .PKGINFO from the package's streams."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(file.read_bytes())), ignore_zeros=True) as archive:
        stream = archive.extractfile(".PKGINFO")
        assert stream
        lines = [line.split(" = ", 1) for line in stream.read().decode().splitlines() if " = " in line]
    found = {line[0]: line[1] for line in lines}
    return {
        "summary": found["pkgdesc"],
        "homepage": found["url"],
        "contact": found["maintainer"],
        "license": found["license"],
    }


def pacman(file: Path) -> Fields:
    """Read as pacman does."""
    lines = [line.split(" : ", 1) for line in ran("pacman", "-Qip", file).splitlines() if " : " in line]
    found = {key.strip(): value for key, value in lines}
    return {
        "summary": found["Description"],
        "homepage": found["URL"],
        "contact": found["Packager"],
        "license": found["Licenses"],
    }


def wheel(file: Path) -> Fields:
    """Read METADATA as pip does."""
    with zipfile.ZipFile(file) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        found = dict(email.message_from_string(archive.read(name).decode()))
    return {
        "summary": found["Summary"],
        "homepage": found["Project-URL"].removeprefix("Homepage, "),
        "contact": f"{found['Author']} <{found['Author-email']}>",
        "license": found["License-Expression"],
    }


def npm(file: Path) -> Fields:
    """Read package.json as Node.js does."""
    with tarfile.open(file) as archive:
        stream = archive.extractfile("package/package.json")
        assert stream
        text = stream.read().decode()
    program = "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    found = json.loads(ran("node", "-e", program, text=text))
    return {
        "summary": found["description"],
        "homepage": found["homepage"],
        "contact": f"{found['author']['name']} <{found['author']['email']}>",
        "license": found["license"],
    }


def gem(file: Path) -> Fields:
    """Read the specification as RubyGems does."""
    program = (
        "spec = Gem::Package.new(ARGV[0]).spec;"
        "puts JSON.generate([spec.summary, spec.homepage, spec.author, spec.email.first, spec.license])"
    )
    found = json.loads(ran("ruby", "-rjson", "-rrubygems/package", "-e", program, file))
    contact = f"{found[2]} <{found[3]}>"
    return {"summary": found[0], "homepage": found[1], "contact": contact, "license": found[4]}


def homebrew(file: Path) -> Fields:
    """Load the formula in a class that notes what it is told."""
    program = """
require 'json'
class Formula
  SAID = {}
  %i[desc homepage license].each { |key| define_singleton_method(key) { |value| SAID[key] = value } }
  def self.method_missing(*, **) end
  def self.test(*) end
  def self.respond_to_missing?(*) true end
end
load ARGV[0]
puts JSON.generate(Formula::SAID)
"""
    found = json.loads(ran("ruby", "-e", program, file))
    return {"summary": found["desc"], "homepage": found["homepage"], "license": found["license"]}


def oci(file: Path) -> Fields:
    """Read the labels as skopeo does."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("env", f"TMPDIR={folder}", require("skopeo"), "--insecure-policy", "inspect")
        labels = json.loads(ran(*words, f"oci-archive:{file}"))["Labels"]
    keys = {
        "summary": "description",
        "homepage": "url",
        "contact": "authors",
        "name": "vendor",
        "license": "licenses",
    }
    return {key: labels[f"org.opencontainers.image.{value}"] for key, value in keys.items()}


def manifest(file: Path) -> Fields:
    """Read the annotations as any YAML's."""
    found = yaml.safe_load(file.read_text("utf-8"))["metadata"]["annotations"]
    return {
        "summary": found["kubernetes.io/description"],
        "homepage": found["homepage"],
        "contact": found["contact"],
    }


def msi(file: Path) -> Fields:
    """Read what Windows shows of an installed program, by msitools."""
    rows = dict(line.split("\t", 1) for line in ran("msiinfo", "export", file, "Property").splitlines()[3:])
    return {"summary": rows["ARPCOMMENTS"], "homepage": rows["ARPHELPLINK"], "contact": rows["ARPCONTACT"]}


def powershell_script(file: Path) -> Fields:
    """Read what it carries; ASCII is the one text that every PowerShell reads alike."""
    text = file.read_bytes()
    assert (text.isascii(), powershell.faults(text)) == (True, [])
    carried = text.decode("ascii").partition("\n$Package = @'\n")[2].partition("\n'@ ")[0]
    return {"name": json.loads(carried)["organisation"]}


def intune(file: Path) -> Fields:
    """Read the configuration's name."""
    shown = json.loads(file.read_text("utf-8"))["displayName"]
    return {"name": shown.removesuffix(": certificate authorities")}


def profile(file: Path) -> Fields:
    """Read as plistlib does; a profile says of which release it is, too."""
    found = plistlib.loads(file.read_bytes())
    shown = found["PayloadDisplayName"].removesuffix(f": certificate authorities, {RELEASE}")
    assert shown == found["PayloadOrganization"]
    return {"name": shown, "description": found["PayloadDescription"].removesuffix(f" Release {RELEASE}.")}


def pom(file: Path) -> Fields:
    """Read as any parser of XML does."""
    space = "{http://maven.apache.org/POM/4.0.0}"
    project = ET.parse(file).getroot()  # noqa: S314  our own
    keys = {
        "summary": "name",
        "description": "description",
        "homepage": "url",
        "name": f"organization/{space}name",
        "license": f"licenses/{space}license/{space}name",
    }
    person = project.find(f"{space}developers/{space}developer")
    assert person is not None
    contact = f"{person.findtext(f'{space}name')} <{person.findtext(f'{space}email')}>"
    return {"contact": contact} | {key: project.findtext(space + path, "") for key, path in keys.items()}


def jar(file: Path) -> Fields:
    """Read the manifest as the specification says: what is cut goes on behind a blank."""
    with zipfile.ZipFile(file) as archive:
        lines = archive.read("META-INF/MANIFEST.MF").replace(b"\r\n ", b"").decode("utf-8").split("\r\n")
    return {"name": dict(line.split(": ", 1) for line in lines if line)["Implementation-Vendor"]}


def conda(file: Path) -> Fields:
    """Read about.json, after zipfile and zstandard as other programs have them."""
    about = json.loads(
        packages.conda(file).description.partition("info/about.json\n")[2].partition("\ninfo/")[0]
    )
    return {
        "summary": about["summary"],
        "description": about["description"],
        "homepage": about["home"],
        "license": about["license"],
    }


# By the ending of an artifact's name, which says whose reader it is for.
READERS: dict[str, Callable[[Path], Fields]] = {
    ".deb": deb,
    ".rpm": rpm,
    ".apk": apk,
    ".pkg.tar.gz": pacman,
    ".whl": wheel,
    ".tgz": npm,
    ".gem": gem,
    ".pom": pom,
    ".jar": jar,
    ".rb": homebrew,
    ".oci.tar": oci,
    ".yaml": manifest,
    ".msi": msi,
    ".ps1": powershell_script,
    ".json": intune,
    ".mobileconfig": profile,
    ".conda": conda,
}


def readers(target: str) -> dict[str, Callable[[Path], Fields]]:
    """Return a target's artifacts that say whose they are, and each one's reader."""
    files = targets.ALL[target].files(release=RELEASE)
    return {file: read for file in files for ending, read in READERS.items() if file.endswith(ending)}


def test_every_target_has_a_reader_that_says_whose_it_is() -> None:
    """But for what has no place for it."""
    assert {name for name in targets.ALL if not readers(name)} == targets.NO_FIELDS.keys()


@pytest.mark.parametrize("kind", NAMES)
def test_every_field_reads_back_exactly(world: World, kind: str) -> None:
    """Name, summary, homepage, contact and licence, in each package that has a place for them."""
    name = NAMES[kind]
    person = name.replace("<", "(").replace(">", ")").replace("@", "(at)").replace(",", ";")
    given = {
        "name": name,
        "summary": f"CAs of {name}"[:79].strip(),
        "homepage": HOMEPAGE,
        "contact": f"{person} <o'neil+pki@acme.example>",
        "license": "Apache-2.0 OR (MIT AND LicenseRef-Acme)",
        "description": f"Everything of {name}",
    }
    config = {"organisation": {"slug": "acme", **given}, "bundle": {"paths": ["roots.pem"]}}
    world.write("trustpack.yaml", json.dumps(config, ensure_ascii=False))
    done = world.run("build", "--quiet", "--release", RELEASE, *targets.OPTIONS)
    assert (done.code, done.err) == (0, "")
    for target in targets.ALL:
        for file, read in readers(target).items():
            found = read(world.folder / "dist" / file)
            assert (target, found) == (target, {key: given[key] for key in found})


@pytest.mark.parametrize("license_text", ["Acme internal", "MIT or", "(MIT", "MIT; DROP", "«x»", "MIT OR"])
def test_a_licence_that_is_no_expression_is_an_error(world: World, license_text: str) -> None:
    """Wheels, npm packages and rpms all want SPDX's grammar; the hint has a way to say anything."""
    text = {"organisation": {"slug": "acme", "license": license_text}, "bundle": {"paths": ["roots.pem"]}}
    world.write("trustpack.yaml", json.dumps(text))
    done = world.run("build", "--quiet")
    assert (done.code, world.files()) == (3, [])
    assert "organisation.license: " in done.err
    assert "LicenseRef-" in done.err


def test_the_longest_slug_and_a_long_name_of_a_ca_fit_every_target(world: World) -> None:
    """Paths are made of both, and a tar's header has room for a hundred bytes of a file's name."""
    name = "Acme Corporation International Internal Issuing Root Authority 1"
    (world.folder / "long.pem").write_bytes(authority.create(name, now=dt.datetime.now(dt.UTC)).pem)
    done = world.run("build", "long.pem", "--org", "a" * 40, "--release", "20261128.1234", "--quiet")
    assert (done.code, done.err) == (0, "")
