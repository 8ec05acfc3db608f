"""Kubernetes' manifests: what no cluster takes is not written, and what is read holds every certificate."""

import base64
import json

import pytest

from builder import formats, inspect
from builder.errors import PackageError
from builder.formats import manifest
from builder.model import File
from tests.unit import bundles
from tests.unit.formats.packages import package, refusal

BUNDLE = bundles.bundle("Acme One")
PEM = BUNDLE.pem
_LABELS = {"app.kubernetes.io/name": "acme-ca", "app.kubernetes.io/version": "2026.10"}


def _configmap(**data: str) -> bytes:
    lines = [f"  {key}: {json.dumps(text)}\n" for key, text in data.items()]
    said = f"{{name: x, labels: {json.dumps(_LABELS)}}}"
    head = f"# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata: {said}\n"
    return f"{head}data:\n{''.join(lines)}".encode()


def test_it_is_written_as_it_is_and_read_back() -> None:
    """Each text with certificates is a file of its own beside the whole."""
    data = formats.write(package("manifest", File("x.yaml", _configmap(a=PEM, b="nothing"))))
    found = inspect.read("x.yaml", data)
    assert (found.format, found.name, found.version) == ("manifest", "acme-ca", "2026.10")
    assert [file.path for file in found.files] == ["ConfigMap/x/data.a", "x.yaml"]
    assert found.fingerprints == {one.sha256 for one in BUNDLE.certificates}
    assert found.metadata == {"kinds": "ConfigMap"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), "a 'manifest' output holds exactly one file, not 0"),
        ((File("x", b"a: [b"),), "manifest: is not YAML"),
        ((File("x", b""),), "holds no object"),
        ((File("x", b"[1, 2]"),), "holds what is no object of Kubernetes'"),
        (
            (File("x", _configmap(a="x" * (1024 * 1024 - 1), b="xx")),),
            "ConfigMap: has 1048577 bytes, and Kubernetes takes no",
        ),
    ],
    ids=["no-file", "no-yaml", "empty", "list", "too-much"],
)
def test_what_no_cluster_takes_is_refused(files: tuple[File, ...], message: str) -> None:
    """With the output that asks for it."""
    assert refusal(package("manifest", *files))[0].startswith(f"recipe thing: {message}")


def test_a_configmap_of_just_a_mebibyte_is_taken() -> None:
    """Kubernetes counts the values alone, and what is in base64 as what it stands for."""
    assert formats.write(package("manifest", File("x", _configmap(a="x" * (1024 * 1024)))))
    hidden = base64.b64encode(b"x" * (1024 * 1024))
    assert formats.write(package("manifest", File("x", _configmap() + b"binaryData: {a: %s}\n" % hidden)))
    more = File("x", _configmap(a="x") + b"binaryData: {a.0: %s}\n" % hidden)
    assert refusal(package("manifest", more))[0].startswith("recipe thing: ConfigMap: has 1048577 bytes")


def test_whoever_has_too_much_is_told_what_to_do() -> None:
    """Else a build of every target would end, and nobody would know of the image."""
    _, hint = refusal(package("manifest", File("x", _configmap(a="x" * (1024 * 1024 + 1)))))
    assert hint.startswith("mount the image of data in its place (target oci)")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"apiVersion: v1\nkind: [", "is not YAML"),
        (b"apiVersion: v1\n", "holds what is no object"),
        (b"apiVersion: v1\nkind: x\na: &a [1]\nb: *a\n", "is nested too deeply, or has YAML aliases"),
        (
            b"apiVersion: v1\nkind: x\na: " + b"[" * 50 + b"]" * 50,
            "is nested too deeply, or has YAML aliases",
        ),
        (b"apiVersion: v1\nkind: x\na:\n" + b"- b\n" * 30_000, "is longer than inspect reads"),
        (b"apiVersion: v1\nkind: x\na: '" + b"b" * (5 << 20) + b"'", "is longer than a manifest can be"),
        (b"apiVersion: !!python/object/apply:os.system [id]\nkind: [x]\n", "holds what is no object"),
        (
            b"apiVersion: v1\nkind: X\na.b: '-----BEGIN '\na:\n  b: '-----BEGIN '\n",
            "X//a.b: is a duplicate entry",
        ),
        (b'apiVersion: v1\nkind: X\na: "-----BEGIN \\ud800"\n', "is not YAML"),
    ],
    ids=["no-yaml", "no-kind", "alias", "deep", "many", "long", "tag", "twice", "no-text"],
)
def test_a_strange_manifest_is_told_in_a_sentence(data: bytes, message: str) -> None:
    """Nothing of it is run, and none takes long."""
    with pytest.raises(PackageError) as caught:
        inspect.read("x", data)
    assert message in str(caught.value)


def test_certificates_in_base64_are_found() -> None:
    """They are mounted like those in plain text."""
    hidden = base64.b64encode(b"# a note\n" + PEM.encode()).decode()
    data = _configmap(a="nothing") + f"binaryData: {{a.0: {hidden}}}\n".encode()
    found = inspect.read("x.yaml", data)
    assert [one.file for one in found.certificates] == ["ConfigMap/x/binaryData.a.0"]
    assert found.fingerprints == {one.sha256 for one in BUNDLE.certificates}


def test_other_yaml_is_no_manifest() -> None:
    """Nor is a PEM file."""
    assert not manifest.recognises(b"kind: x\napiVersion: v1\n")
    assert not manifest.recognises(PEM.encode())
    assert manifest.recognises(b"---\n# x\n\napiVersion: v1\n")
