"""source.tar: all that a release was built from, nothing secret; and no other archive is taken for one."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from builder import config
from builder.config import Config
from builder.errors import ConfigError, PrivateKeyError, VerificationError
from builder.formats import tar
from builder.model import File
from builder.prove.authority import create
from builder.provenance import configuration, source
from builder.text import document
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = (
    create("Acme Root", now=projects.NOW)
    .key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
FILES = {
    "bundle.pem",
    "distrusted.pem",
    "recipes/own.yaml",
    "templates/own/roots.txt.j2",
    "trustpack.lock",
    "trustpack.yaml",
}


def test_it_holds_all_that_packages_are_made_from(tmp_path: Path) -> None:
    """The same bytes each time, wherever the project lies, and whatever its inputs are called."""
    found, bundle = projects.project(tmp_path / "one")
    data = source.make(found, bundle)
    assert FILES == source.read(data, "source.tar").keys()
    assert bundle.pem.encode() == source.read(data, "source.tar")["bundle.pem"]
    (tmp_path / "one").rename(tmp_path / "other")
    (tmp_path / "other" / "roots.pem").rename(tmp_path / "other" / "renamed.pem")
    text = (tmp_path / "other" / "trustpack.yaml").read_text("utf-8").replace("roots.pem", "renamed.pem")
    (tmp_path / "other" / "trustpack.yaml").write_text(text, "utf-8")
    assert data == source.make(*projects.read(tmp_path / "other"))


def test_no_password_is_in_it(tmp_path: Path) -> None:
    """Not of a comment, of a signer, of an address, or of where inputs lie."""
    data = source.make(*projects.project(tmp_path / "one"))
    for secret in (b"hunter2", b"kms", str(tmp_path).encode()):
        assert secret not in data
    text = projects.CONFIG.replace("roots.pem", '"https://me:hunter3@pki.acme.example/roots.pem"')
    file = tmp_path / "trustpack.yaml"
    file.write_text(text.replace("BLOCKED", "0" * 64), "utf-8")
    assert "hunter" not in configuration.text(config.read(file), ["bundle.pem"])


def test_the_configuration_is_the_one_that_packages_are_made_by(tmp_path: Path) -> None:
    """Read again, each of its values is as it was; and written again, it is the same text."""
    (found, _) = projects.project(tmp_path / "one")
    text = configuration.text(found.config, ["bundle.pem"])
    again = document.decode(document.parse(text, "trustpack.yaml"), Config)
    for key in ("organisation", "lifecycle", "site", "npm_scope", "targets", "names", "settings"):
        assert getattr(found.config, key) == getattr(again, key)
    assert ["bundle.pem"] == again.bundle.paths
    assert msgspec.structs.replace(found.config.bundle, paths=["bundle.pem"]) == again.bundle
    assert text == configuration.text(again, ["bundle.pem"])


PUBLISH = """\
publish:
  public: [pypi, github]
  pypi: {url: https://devpi.acme.internal/hunter2/}
  npm: {url: https://npm.acme.internal/}
  rubygems: {url: https://gems.acme.internal/}
  http: {hunter2: {url: https://files.acme.internal/}}
"""


@pytest.mark.parametrize(
    "section", [PUBLISH, PUBLISH.replace("pypi, github", "npm, rubygems"), "publish: {public: [github]}\n"]
)
def test_packages_are_marked_by_it_as_they_were(tmp_path: Path, section: str) -> None:
    """Else none with a registry of its own could be built once more; what no package says is left out."""
    file = tmp_path / "trustpack.yaml"
    file.write_text(projects.CONFIG.replace("BLOCKED", "0" * 64) + section, "utf-8")
    found = config.read(file)
    text = configuration.text(found, ["bundle.pem"])
    again = document.decode(document.parse(text, "trustpack.yaml"), Config)
    for site in ("", "https://packages.acme.example"):
        assert config.private_markers(found.publish, "acme", site) == config.private_markers(
            again.publish, "acme", site
        )
    assert ("hunter2" in text, "github" in text, "files.acme" in text) == (False, False, False)


@pytest.mark.parametrize(
    ("secret", "kind", "said"),
    [
        ("# https://me:secret@git.acme.example/\n", ConfigError, "own.yaml:13: holds an address with a user"),
        (f"{KEY}\n", PrivateKeyError, "own.yaml"),
    ],
)
def test_a_secret_in_a_recipe_is_refused(
    tmp_path: Path, secret: str, kind: type[Exception], said: str
) -> None:
    """It would be in the archive as it stands."""
    found, bundle = projects.project(tmp_path / "one")
    (tmp_path / "one" / "recipes" / "own.yaml").write_text(projects.RECIPE + secret)
    with pytest.raises(kind, match=said):
        source.make(found, bundle)


def test_a_template_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    """No file of the machine comes into the archive by a link."""
    found, bundle = projects.project(tmp_path / "one")
    (tmp_path / "one" / "templates" / "own" / "more").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="leads out of the folder"):
        source.make(found, bundle)


def archive(*members: tuple[str, bytes], change: Callable[[tarfile.TarInfo], object] | None = None) -> bytes:
    """Return an archive of a whole source and these members, the last of them changed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as written:
        for number, (name, data) in enumerate([("bundle.pem", b""), ("trustpack.yaml", b""), *members]):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change and number == len(members) + 1:
                change(info)
            written.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def linked(info: tarfile.TarInfo) -> None:
    """Make a member a link to a file of the machine."""
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"


def device(info: tarfile.TarInfo) -> None:
    """Make a member a device."""
    info.type = tarfile.CHRTYPE


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (archive(("/etc/cron.d/x", b"x")), "etc/cron.d/x, which belongs to no source"),
        (archive(("../x", b"x")), "leaves the package"),
        (archive(("templates/own/../../../x", b"x")), "leaves the package"),
        (archive(("templates/own", b""), change=linked), "is not written as trustpack does"),
        (archive(("templates/own/x", b""), change=device), "is of type"),
        (archive(("recipes/own.yaml", b"x"), ("recipes/own.yaml", b"y")), "duplicate entry"),
        (archive(("notes.txt", b"x")), "notes.txt, which belongs to no source"),
        (archive(("recipes/a/own.yaml", b"x")), "belongs to no source"),
        (archive(("templates/\x1b[2J", b"x")), r"templates/\\u001b\[2J, which belongs"),
        (archive() + b"x", "a tar header is cut off|after the end"),
        (archive()[:-1], "is not written as trustpack does"),
        (tar.write([File("bundle.pem", b"")], 0), "has no trustpack.yaml"),
        (tar.write([File("bundle.pem", b""), File("trustpack.yaml", b"")], 1), "is not written as trustpack"),
        (b"", "is not written as trustpack does|has no"),
        (bytes(source.MOST + 1), "is larger than"),
    ],
    ids=range(15),
)
def test_another_archive_is_refused(data: bytes, said: str) -> None:
    """Links, paths that lead elsewhere, devices, what is there twice, what trustpack never wrote so."""
    with pytest.raises(VerificationError, match=said):
        source.read(data, "source.tar")


def test_a_member_that_claims_to_be_giant_takes_no_memory() -> None:
    """Its size is held to what the archive has."""
    data = archive(("recipes/own.yaml", b"x"))
    at = data.index(b"recipes/own.yaml")
    header = bytearray(data[at : at + 512])
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(VerificationError, match="is cut off"):
        source.read(data[:at] + bytes(header) + data[at + 512 :], "source.tar")
