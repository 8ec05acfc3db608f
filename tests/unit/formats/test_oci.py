"""OCI images, read by skopeo and umoci, and read back: whole ones, those of other tools, and damaged ones."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder import formats, inspect
from builder.errors import PackageError
from builder.formats import oci, tar
from builder.model import File
from tests.tools import require
from tests.unit.formats.packages import EPOCH, HOSTILE, package, refusal, run

FILES = (
    File("/certs/0a1b2c3d.0", b"pem\n"),
    File("/roots.pem", b"pem\n"),
    File("/odd [1] *.txt", "ünï\n".encode()),
)
PLATFORMS = {
    "/".join(one[key] for key in ("os", "architecture", "variant") if key in one) for one in oci.PLATFORMS
}


def _written(folder: Path, **fields: Any) -> Path:
    file = folder / "image.oci.tar"
    file.write_bytes(formats.write(package("oci", *FILES, **fields)))
    return file


def _skopeo(folder: Path, *words: str | Path) -> str:
    """Run skopeo, which asks for a folder of its own, and for a policy unless it is told to do without."""
    (folder / "tmp").mkdir(exist_ok=True)
    program = ("env", f"TMPDIR={folder / 'tmp'}", require("skopeo"), "--insecure-policy")
    return run(*program, *words)


def test_skopeo_copies_every_platform_and_keeps_the_digest(tmp_path: Path) -> None:
    """What `inspect` shows is what the image is pinned by; without --preserve-digests it is another one."""
    file = _written(tmp_path)
    shown = inspect.read("x", file.read_bytes())
    assert (
        json.loads(_skopeo(tmp_path, "inspect", f"oci-archive:{file}"))["Digest"] == shown.metadata["digest"]
    )
    _skopeo(
        tmp_path,
        "copy",
        "--all",
        "--preserve-digests",
        f"oci-archive:{file}:20261124.1",
        f"oci:{tmp_path}/copy:x",
    )
    (named,) = json.loads((tmp_path / "copy/index.json").read_text())["manifests"]
    assert named["digest"] == shown.metadata["digest"]
    index = json.loads((tmp_path / "copy/blobs" / named["digest"].replace(":", "/")).read_text())
    assert len(index["manifests"]) == len(oci.PLATFORMS)
    assert set(shown.metadata["platforms"].split(", ")) == PLATFORMS


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_skopeo_finds_an_image_for_each_platform(tmp_path: Path, platform: str) -> None:
    """With its variant, where it has one; all have the same layer."""
    file = _written(tmp_path)
    system, architecture, *variant = platform.split("/")
    options = ["--override-os", system, "--override-arch", architecture]
    options += [f"--override-variant={one}" for one in variant]
    found = json.loads(_skopeo(tmp_path, *options, "inspect", f"oci-archive:{file}"))
    assert (found["Os"], found["Architecture"]) == (system, architecture)
    assert found["Layers"] == [json.loads(_manifest(file))["layers"][0]["digest"]]


def _manifest(file: Path) -> bytes:
    with tarfile.open(file) as archive:
        texts = [(archive.extractfile(member) or io.BytesIO()).read() for member in archive]
    return next(text for text in texts if b'"layers":[{' in text)


def test_umoci_unpacks_the_files(tmp_path: Path) -> None:
    """As they were given, readable for every user."""
    _skopeo(tmp_path, "copy", f"oci-archive:{_written(tmp_path)}", f"oci:{tmp_path}/one:x")
    run("umoci", "unpack", "--rootless", "--image", f"{tmp_path}/one:x", f"{tmp_path}/bundle")
    top = tmp_path / "bundle/rootfs"
    found = {f"/{path.relative_to(top)}": path for path in top.rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == {one.path: one.data for one in FILES}
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o644}
    assert (top / "certs").stat().st_mode & 0o777 == 0o755
    assert {int(path.stat().st_mtime) for path in found.values()} == {EPOCH}


def test_unpacked_by_tar_it_is_a_layout(tmp_path: Path) -> None:
    """A folder that skopeo reads as it does the archive; umoci lists its tag, and takes no one platform."""
    file, layout = _written(tmp_path), tmp_path / "layout"
    layout.mkdir()
    run("tar", "-xf", file, "-C", layout)
    image = f"{layout}:20261124.1"
    found, expected = (
        json.loads(_skopeo(tmp_path, "inspect", each)) for each in (f"oci:{image}", f"oci-archive:{file}")
    )
    assert (found["Digest"], found["Layers"]) == (expected["Digest"], expected["Layers"])
    assert run("umoci", "ls", "--layout", layout).split() == ["20261124.1"]
    words = [require("umoci"), "unpack", "--rootless", "--image", image, f"{tmp_path}/bundle"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "tag is ambiguous" in done.stderr


def test_it_says_of_itself_what_the_specification_has_words_for(tmp_path: Path) -> None:
    """On the image's index, on each manifest and as labels, which other tools show."""
    file = _written(tmp_path, metadata={"description": "CAs", "documentation": "https://pki.acme.example/"})
    found = json.loads(_skopeo(tmp_path, "inspect", f"oci-archive:{file}"))
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in found["Labels"].items()}
    assert (labels["title"], labels["version"]) == ("acme-thing", "20261124.1")
    assert labels["created"] == found["Created"] == "2026-11-24T00:00:00Z"
    assert (labels["description"], labels["documentation"]) == ("CAs", "https://pki.acme.example/")
    assert json.loads(_manifest(file))["annotations"] == found["Labels"]
    shown = inspect.read("x", file.read_bytes())
    assert (shown.format, shown.name, shown.version, shown.scripts) == ("oci", "acme-thing", "20261124.1", {})


def test_it_is_read_as_skopeo_writes_it(tmp_path: Path) -> None:
    """One platform's manifest alone, and a layer that is compressed: the files are the same."""
    file = _written(tmp_path)
    one = tmp_path / "one.tar"
    _skopeo(tmp_path, "copy", "--dest-compress", f"oci-archive:{file}", f"oci-archive:{one}:x")
    found, expected = (inspect.read("x", each.read_bytes()) for each in (one, file))
    assert (found.files, found.name) == (expected.files, expected.name)
    assert found.metadata["digest"] != expected.metadata["digest"]
    assert len(found.metadata["platforms"].split(", ")) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_value_of_its_label(tmp_path: Path, name: str) -> None:
    """Whatever an organisation is called."""
    wanted = package("oci", *FILES)
    wanted = package("oci", *FILES, organisation=replace(wanted.organisation, name=name))
    file = tmp_path / "x.tar"
    file.write_bytes(formats.write(wanted))
    labels = json.loads(_skopeo(tmp_path, "inspect", f"oci-archive:{file}"))["Labels"]
    assert labels["org.opencontainers.image.vendor"] == name


def test_what_no_image_can_hold_is_refused() -> None:
    """A whiteout would delete a file of the image it is put on; an image of nothing is none."""
    assert refusal(package("oci", File("/certs/.wh.x", b"")))[0] == (
        "recipe thing: 'certs/.wh.x' would remove a file of the image below, and be none itself"
    )
    assert refusal(package("oci"))[0] == "recipe thing: an image needs a file"
    assert refusal(package("oci", *FILES, metadata={"reference": "a b"}))[0].startswith(
        "recipe thing: reference: 'a b' is not a tag"
    )


# Damage, by name: what is done to the layout's members, and what is said of it.


def _blobs(members: dict[str, bytes]) -> dict[str, Any]:
    return {path: json.loads(data) for path, data in members.items() if data.startswith(b"{")}


def _put(members: dict[str, bytes], data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    members[f"blobs/sha256/{digest}"] = data
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _image(
    members: dict[str, bytes],
    layer: bytes,
    *,
    layers: int = 1,
    kind: str = "application/vnd.oci.image.layer.v1.tar",
    **config: Any,
) -> None:
    """Make the layout one of a single image whose layer is `layer`."""
    members.clear()
    members["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    base = "application/vnd.oci.image."
    put = _put(members, layer)
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [put["digest"]]},
    }
    described = _put(members, json.dumps({**settings, **config}).encode())
    manifest = {
        "schemaVersion": 2,
        "config": {"mediaType": f"{base}config.v1+json", **described},
        "layers": [{"mediaType": kind, **put}] * layers,
    }
    top = {"mediaType": f"{base}manifest.v1+json", **_put(members, json.dumps(manifest).encode())}
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()


def _tar(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size, info.type = len(data) if kind == tarfile.REGTYPE else 0, kind
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _edited(members: dict[str, bytes], edit: Callable[[Any], None], path: str = "index.json") -> None:
    value = json.loads(members[path])
    edit(value)
    members[path] = json.dumps(value).encode()


def _other_platform(members: dict[str, bytes]) -> None:
    _image(members, _tar("a"))
    (first,) = json.loads(members["index.json"])["manifests"]
    kept = dict(members)
    _image(members, _tar("b"))
    (second,) = json.loads(members["index.json"])["manifests"]
    members |= kept
    members["index.json"] = json.dumps({"manifests": [first, second]}).encode()


def _nested(members: dict[str, bytes]) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    _image(members, _tar("a"))
    inner = members["index.json"]
    for _ in range(6):
        inner = json.dumps({"manifests": [{"mediaType": kind, **_put(members, inner)}]}).encode()
    members["index.json"] = inner


def _bomb(members: dict[str, bytes]) -> None:
    """Three indexes, each of which names the next one 256 times: four billion images in 200 KiB."""
    kind = "application/vnd.oci.image.index.v1+json"
    _image(members, _tar("a"))
    inner = members["index.json"]
    for _ in range(3):
        named = {"mediaType": kind, **_put(members, inner)}
        inner = json.dumps({"manifests": [named] * 256}).encode()
    members["index.json"] = inner


DAMAGE: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "no-index": (lambda m: m.pop("index.json"), "index.json: is missing"),
    "another-version": (
        lambda m: m.update({"oci-layout": b'{"imageLayoutVersion":"2.0.0"}'}),
        "oci-layout: is of no version that is known here",
    ),
    "not-json": (lambda m: m.update({"index.json": b"{"}), "index.json: is not JSON"),
    "deep-json": (lambda m: m.update({"index.json": b"[" * 100_000}), "index.json: is not JSON"),
    "a-list": (lambda m: m.update({"index.json": b"[]"}), "index.json: is no object"),
    "no-images": (lambda m: m.update({"index.json": b'{"manifests":[]}'}), "index.json: names no image"),
    "a-key-twice": (
        lambda m: m.update({"index.json": b'{"manifests":[],"Manifests":[]}'}),
        "index.json: gives a key twice",
    ),
    "changed-blob": (
        lambda m: m.update({next(p for p in m if "blobs" in p): b"{}"}),
        "does not match its digest",
    ),
    "hidden-blob": (lambda m: _put(m, b"hidden"), "belongs to no image"),
    "hidden-file": (lambda m: m.update({"blobs/readme": b"x"}), "blobs/readme: does not match its digest"),
    "wrong-size": (
        lambda m: _edited(m, lambda top: top["manifests"][0].update(size=1)),
        "has another size than index.json says",
    ),
    "sha512": (
        lambda m: _edited(m, lambda top: top["manifests"][0].update(digest="sha512:" + "0" * 128)),
        "a descriptor has no digest that is read here",
    ),
    "docker-manifest": (
        lambda m: _edited(m, lambda top: top["manifests"][0].update(mediaType="application/vnd.docker.x")),
        "is called application/vnd.docker.x, and calls itself otherwise",
    ),
    "platforms-differ": (_other_platform, "has another content than linux/amd64"),
    "indexes-that-multiply": (
        _bomb,
        "manifests are longer than 4194304 bytes, read as often as they are named",
    ),
    "nested-too-deep": (_nested, "indexes lie in indexes, more than 3 deep"),
    "two-layers": (lambda m: _image(m, _tar("a"), layers=2), "is not of one layer"),
    "zstd-layer": (
        lambda m: _image(m, _tar("a"), kind="application/vnd.oci.image.layer.v1.tar+zstd"),
        "its layer is no tar that is read here",
    ),
    "layer-out-of-folder": (lambda m: _image(m, _tar("../x")), "layer: ../x leaves the package"),
    "layer-with-device": (
        lambda m: _image(m, _tar("null", kind=tarfile.CHRTYPE)),
        "layer: null is of type b'3', not a file, folder or link",
    ),
    "another-diff-id": (
        lambda m: _image(m, _tar("a"), rootfs={"diff_ids": ["sha256:" + "0" * 64]}),
        "the layer does not match the digest in the image's configuration",
    ),
    "bomb": (
        lambda m: _image(
            m, gzip.compress(bytes(200 << 20)), kind="application/vnd.oci.image.layer.v1.tar+gzip"
        ),
        "layer: unpacks to more than",
    ),
    "labels-of-numbers": (
        lambda m: _image(m, _tar("a"), config={"Labels": {"a": 1}}),
        "Labels: holds what is no text",
    ),
    "config-is-a-list": (lambda m: _image(m, _tar("a"), config=[1]), "config: is no object"),
}


def _archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told(damage: str) -> None:
    """In one sentence, and never by a traceback."""
    edit, expected = DAMAGE[damage]
    members = oci.layout(package("oci", *FILES))
    members = {path: members[path] for path in sorted(members, reverse=True)}
    edit(members)
    with pytest.raises(PackageError) as caught:
        inspect.read("x", _archive(members))
    assert expected in str(caught.value)


def test_a_link_in_a_layout_is_refused() -> None:
    """Where it leads is a matter of who unpacks it."""
    written = formats.write(package("oci", *FILES))
    link = tarfile.TarInfo("blobs/sha256/x")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(PackageError, match="blobs/sha256/x: is a link, and an image layout has none"):
        inspect.read("x", written[: -len(tar.END)] + link.tobuf(tarfile.USTAR_FORMAT) + tar.END)


def test_a_program_in_an_image_is_shown() -> None:
    """What a container would start without being asked is what reviewers look for; ours starts nothing."""
    members: dict[str, bytes] = {}
    _image(members, _tar("a"), config={"Entrypoint": ["/bin/sh"], "Labels": {"a": "b"}})
    found = inspect.read("x", _archive(members))
    assert (found.name, found.scripts, found.metadata["a"]) == ("", {"Entrypoint": '["/bin/sh"]'}, "b")


def test_another_tar_is_no_image() -> None:
    """A gem is a plain tar, too."""
    assert not oci.recognises(formats.write(package("gem", File("metadata", b"--- {}\n"))))
    assert not oci.recognises(_tar("roots.pem"))
    assert not oci.recognises(b"")
