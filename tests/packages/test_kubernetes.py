"""Kubernetes' manifests, held to the schemas of its versions and trust-manager's, and built by kustomize."""

from __future__ import annotations

import datetime as dt
import json
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from builder.prove import authority
from tests import validators
from tests.packages.built import DEMO, fingerprints, run, trustpack
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_VERSIONS = ("1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
# From which version on what is asked for is there.
_BUNDLES = {"v1": ("1.37",), "v1beta1": _VERSIONS[1:]}
_LINE = re.compile(r"(INFO|WARN|ERROR) +(\S+) (.+)")
_LIMIT = 1024 * 1024
_ROOTS = DEMO / "root-ec.pem"


@dataclass(frozen=True)
class Manifests:
    """The files of a build, and the folder that is in its archive."""

    dist: Path
    folder: Path

    def file(self, part: str) -> Path:
        """Return the one file with `part` in its name."""
        (found,) = self.dist.glob(f"*-{part}-*")
        return found

    def object(self, part: str) -> dict[str, Any]:
        """Return the object in that file."""
        found: dict[str, Any] = yaml.safe_load(self.file(part).read_text("utf-8"))
        return found


def _built(folder: Path, *words: str | Path, config: str = "") -> Manifests:
    dist = folder / "dist"
    if config:
        (folder / "trustpack.yaml").write_text(config, "utf-8")
        words = ("--config", folder / "trustpack.yaml", *words)
    trustpack("build", *words, "--target", "kubernetes", "--out", dist, "--release", "2026.10", "--quiet")
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        top = opened.getnames()[0].partition("/")[0]
    run(require("tar"), "-xzf", archive, "-C", folder)
    return Manifests(dist, folder / top)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """Build the demonstration's."""
    return _built(tmp_path_factory.mktemp("kubernetes"), _ROOTS, "--org", "demo")


def _judged(version: str, *files: Path) -> dict[str, str]:
    """Return what is said of each file; that a kind is not known is only a warning to that program."""
    lines = [_LINE.match(line) for line in _said(version, *files).splitlines()]
    return {found[2].rpartition("/")[2]: found[1] for found in lines if found}


def _said(version: str, *files: Path) -> str:
    done = validators.run("kubernetes-validate", "-k", version, "--strict", *files)
    return done.stdout + done.stderr


def test_the_newest_version_that_the_validator_knows_is_asked() -> None:
    """With a newer validator comes a newer Kubernetes, which the objects are to be held to."""
    ask = "import kubernetes_validate; print(kubernetes_validate.latest_version())"
    assert validators.run("python", "-c", ask).stdout.startswith(f"{_VERSIONS[-1]}.")


@pytest.mark.parametrize("version", _VERSIONS)
def test_everything_is_what_kubernetes_has_in_that_version(manifests: Manifests, version: str) -> None:
    """Strictly: no key that the schema has not. Of the ClusterTrustBundle only from where there is one."""
    examples = sorted((manifests.folder / "examples").iterdir())
    files = [manifests.file("configmap"), *examples]
    if version in _BUNDLES["v1"]:
        files.append(manifests.file("clustertrustbundle"))
    assert _judged(version, *files) == {file.name: "INFO" for file in files}


def test_an_older_bundle_may_be_chosen(tmp_path: Path, manifests: Manifests) -> None:
    """Where the newest one is not known yet."""
    config = (
        f"organisation: {{slug: demo}}\nbundle: {{paths: [{json.dumps(str(_ROOTS))}]}}\n"
        "settings: {kubernetes: {cluster_trust_bundle: v1beta1}}\n"
    )
    older = _built(tmp_path, config=config).file("clustertrustbundle")
    for version in _BUNDLES["v1beta1"]:
        assert _judged(version, older) == {older.name: "INFO"}
    assert _judged("1.32", older) == _judged("1.36", manifests.file("clustertrustbundle")) | {
        older.name: "WARN"
    }


def test_the_validator_refuses_what_is_wrong(manifests: Manifests, tmp_path: Path) -> None:
    """Else the tests above would show nothing."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(manifests.file("configmap").read_text().replace("data:", "datas:"))
    assert _judged("1.37", wrong) == {}  # of what is wrong it says so otherwise
    assert "datas" in _said("1.37", wrong)


def test_the_bundle_is_what_trust_managers_definition_has(manifests: Manifests, tmp_path: Path) -> None:
    """The definition that its makers publish, pinned; its rules in CEL are not run."""
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(validators.trust_manager_schema()), "utf-8")
    check = ("check-jsonschema", "--schemafile", schema)
    file = manifests.file("trust-manager")
    assert validators.run(*check, file).returncode == 0
    wrong = tmp_path / "wrong.yaml"
    for before, after in (("key:", "keys:"), ("kind: Bundle", "kind: Bundles"), ("true", "maybe")):
        wrong.write_text(file.read_text().replace(before, after))
        assert validators.run(*check, wrong).returncode == 1, after


def test_kustomize_makes_a_configmap_with_a_digest_in_its_name(manifests: Manifests, tmp_path: Path) -> None:
    """Alone, and for a pod of a kustomization that names the folder; it holds what the plain one does."""
    kubectl = validators.program("kubectl")
    made = yaml.safe_load(run(kubectl, "kustomize", manifests.folder))
    assert re.fullmatch(r"demo-ca-[a-z0-9]{10}", made["metadata"]["name"])
    assert made["immutable"] is True
    assert made["data"] == manifests.object("configmap")["data"]
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "ca").symlink_to(manifests.folder, target_is_directory=True)
    (top / "pod.yaml").write_bytes((manifests.folder / "examples/pod-configmap.yaml").read_bytes())
    (top / "kustomization.yaml").write_text("resources: [pod.yaml, ../ca]\n")
    pod = next(one for one in yaml.safe_load_all(run(kubectl, "kustomize", top)) if one["kind"] == "Pod")
    assert pod["spec"]["volumes"][0]["configMap"]["name"] == made["metadata"]["name"]


def test_kubectl_reads_the_configmap(manifests: Manifests) -> None:
    """As its own type, without a cluster."""
    done = validators.run(
        "kubectl", "annotate", "--local", "-o", "json", "-f", manifests.file("configmap"), "a=b"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["data"] == manifests.object("configmap")["data"]


def test_each_object_holds_the_bundle(manifests: Manifests) -> None:
    """The ConfigMap by OpenSSL's names, and all in one file, as the two kinds of bundle have them."""
    expected = fingerprints(_ROOTS.read_bytes())
    data = dict(manifests.object("configmap")["data"])
    whole = data.pop("roots.pem")
    assert fingerprints(whole.encode()) == expected
    assert frozenset().union(*(fingerprints(text.encode()) for text in data.values())) == expected
    names = {path.name for path in (manifests.folder / "certs").iterdir()}
    assert data.keys() == names
    assert manifests.object("clustertrustbundle")["spec"]["trustBundle"] == whole
    assert manifests.object("trust-manager")["spec"]["sources"] == [
        {"useDefaultCAs": True},
        {"inLine": whole},
    ]


def test_cas_of_one_subject_have_a_number_each(tmp_path: Path) -> None:
    """The same as in the archive's folder."""
    now = dt.datetime.now(dt.UTC)
    (tmp_path / "two.pem").write_bytes(b"".join(authority.create("Acme", now=now).pem for _ in range(2)))
    made = _built(tmp_path, tmp_path / "two.pem", "--org", "acme")
    data = made.object("configmap")["data"]
    assert sorted(key[-2:] for key in data if key != "roots.pem") == [".0", ".1"]
    for path in (made.folder / "certs").iterdir():
        assert data[path.name] == path.read_text()


def test_hostile_names_are_values(tmp_path: Path) -> None:
    """Of an organisation and of a CA: nothing of them becomes a key."""
    name = 'x"\n  evil: "1" # {{ a }} \\ \u2028 \U0001f600 - [y]: &z'
    now = dt.datetime.now(dt.UTC)
    (tmp_path / "roots.pem").write_bytes(authority.create(name[:60], now=now).pem)
    config = {
        "organisation": {"slug": "acme", "name": 'A "b": {c} # d', "homepage": "https://a.example/?q=%7B"},
        "bundle": {"paths": ["roots.pem"], "overrides": []},
    }
    made = _built(tmp_path, config=json.dumps(config))
    found = made.object("configmap")
    assert (
        found["metadata"]["annotations"]["kubernetes.io/description"] == 'CA certificates of A "b": {c} # d'
    )
    assert found["metadata"]["annotations"].keys() == {"kubernetes.io/description", "contact", "homepage"}
    assert len(found["data"]) == 2
    examples = sorted((made.folder / "examples").iterdir())
    files = [made.file("configmap"), made.file("clustertrustbundle"), *examples]
    assert _judged("1.37", *files) == {file.name: "INFO" for file in files}
    kubectl = validators.program("kubectl")
    kustomized = yaml.safe_load(run(kubectl, "kustomize", made.folder))
    assert kustomized["data"] == found["data"]
    for part in ("clustertrustbundle", "trust-manager"):
        assert made.object(part)["metadata"]["annotations"] == found["metadata"]["annotations"]


def test_a_bundle_that_no_cluster_takes_is_refused(tmp_path: Path) -> None:
    """Before anybody applies it, with the number of bytes, and the way out."""
    now = dt.datetime.now(dt.UTC)
    one = authority.create("Acme", now=now)
    cas = b"".join(authority.create(f"Acme {n}", now=now, key=one.key).pem for n in range(900))
    (tmp_path / "many.pem").write_bytes(cas)
    with pytest.raises(AssertionError) as caught:
        _built(tmp_path, tmp_path / "many.pem", "--org", "acme")
    assert "ConfigMap: has 1" in str(caught.value)
    assert f"Kubernetes takes no more than {_LIMIT}" in str(caught.value)
    assert "mount the image of data in its place (target oci)" in str(caught.value)
