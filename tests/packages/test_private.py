"""Packages that are not public: the ecosystems' own tools refuse to bring them to a public registry."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from email.parser import HeaderParser
from typing import TYPE_CHECKING

import pytest

from tests import registries
from tests.packages import readers
from tests.packages.built import DEMO, NOW, trustpack
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.registries import Registry

_KEY = "a-key"


@pytest.fixture(scope="module")
def own() -> Iterator[Registry]:
    """Return a registry of the organisation's own, reached by another host than the public one."""
    with registries.running(host="localhost") as registry:
        yield registry


@pytest.fixture
def public() -> Iterator[Registry]:
    """Return what plays the public registry."""
    with registries.running() as registry:
        yield registry


def _build(folder: Path, publish: str, *, scope: str = "") -> Path:
    config = folder / "trustpack.yaml"
    config.write_text(
        f"organisation: {{slug: acme}}\nbundle: {{paths: [{DEMO / 'root-ec.pem'}]}}\n"
        f"targets: [wheel, npm, gem]\npublish: {publish}\n{scope}",
        "utf-8",
    )
    trustpack("build", "--config", config, "--out", folder / "dist", "--now", NOW, "--quiet")
    return folder / "dist"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory, own: Registry) -> Path:
    """Return packages for the own registry."""
    where = f"{{npm: {{url: '{own.url}'}}, rubygems: {{url: '{own.url}/'}}}}"
    return _build(tmp_path_factory.mktemp("private"), where)


@pytest.fixture(scope="module")
def scoped(tmp_path_factory: pytest.TempPathFactory, own: Registry) -> Path:
    """Return the same, where npm's is in a scope."""
    where = f"{{npm: {{url: '{own.url}'}}}}"
    return _build(tmp_path_factory.mktemp("scoped"), where, scope='npm_scope: "@acme"\n')


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the packages of an organisation that has no registry and no site."""
    return _build(tmp_path_factory.mktemp("nowhere"), "{}")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return packages that are declared public."""
    return _build(tmp_path_factory.mktemp("declared"), "{public: [pypi, npm, rubygems]}")


def _npm(home: Path, public: Registry, own: Registry, file: Path, *options: str) -> int:
    """Publish by npm where all settings point at the public registry; return its status."""
    hosts = [url.removeprefix("http:") for url in (public.url, own.url)]
    settings = [f"registry={public.url}/", f"@acme:registry={public.url}/"]
    settings += [f"{host}/:_authToken={_KEY}" for host in hosts]
    (home / ".npmrc").write_text("\n".join(["update-notifier=false", "fetch-retries=0", *settings]), "utf-8")
    return _status(home, require("npm"), "publish", file.absolute(), *options)


def _status(home: Path, *command: str | Path, **more: str) -> int:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **more}
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=home, env=environment, capture_output=True, check=False, timeout=120
    ).returncode


def _uploads(registry: Registry) -> list[str]:
    found = [line for line in registry.asked if not line.startswith("GET ")]
    registry.asked.clear()
    return found


@pytest.mark.parametrize("kind", ["private", "scoped"])
@pytest.mark.parametrize("given", [False, True], ids=["npmrc", "option"])
def test_npm_publishes_to_the_own_registry_alone(
    request: pytest.FixtureRequest, tmp_path: Path, own: Registry, public: Registry, kind: str, *, given: bool
) -> None:
    """Whatever .npmrc says of registry and scope, and --registry: the public one gets nothing."""
    [file] = request.getfixturevalue(kind).glob("*.tgz")
    options = ("--registry", f"{public.url}/") if given else ()
    assert 0 == _npm(tmp_path, public, own, file, *options)
    assert [] == _uploads(public)
    assert ["PUT /acme-ca" if kind == "private" else "PUT /@acme%2fca"] == _uploads(own)


@pytest.mark.parametrize("given", [False, True], ids=["npmrc", "option"])
def test_npm_has_nowhere_to_publish_to_without_a_registry(
    tmp_path: Path, own: Registry, public: Registry, nowhere: Path, *, given: bool
) -> None:
    """The address below .invalid has no user, and no server."""
    [file] = nowhere.glob("*.tgz")
    options = ("--registry", f"{public.url}/") if given else ()
    assert 0 != _npm(tmp_path, public, own, file, *options)
    assert [] == public.asked
    marks = json.loads(readers.read("npm", file).data("package/package.json"))["publishConfig"]
    assert "https://registry.acme.invalid/" == marks["registry"]


def test_npm_publishes_what_is_declared_public(
    tmp_path: Path, own: Registry, public: Registry, declared: Path
) -> None:
    """There is no mark, and it goes where npm is told."""
    [file] = declared.glob("*.tgz")
    assert 0 == _npm(tmp_path, public, own, file)
    assert ["PUT /acme-ca"] == _uploads(public)
    assert "publishConfig" not in json.loads(readers.read("npm", file).data("package/package.json"))


def _push(home: Path, file: Path, *options: str) -> int:
    return _status(home, require("gem"), "push", file, *options, GEM_HOST_API_KEY=_KEY)


def test_gem_pushes_to_the_own_server_alone(
    tmp_path: Path, own: Registry, public: Registry, private: Path
) -> None:
    """By itself without an option; another host is refused by gem."""
    [file] = private.glob("*.gem")
    assert 0 != _push(tmp_path, file, "--host", public.url)
    assert [] == public.asked
    assert 0 == _push(tmp_path, file)
    assert ["POST /api/v1/gems"] == _uploads(own)


def test_gem_has_nowhere_to_push_to_without_a_server(
    tmp_path: Path, public: Registry, nowhere: Path, declared: Path
) -> None:
    """What is declared public goes where it is told."""
    [file] = nowhere.glob("*.gem")
    assert 0 != _push(tmp_path, file, "--host", public.url)
    assert 0 != _push(tmp_path, file)
    assert [] == public.asked
    [file] = declared.glob("*.gem")
    assert 0 == _push(tmp_path, file, "--host", public.url)
    assert ["POST /api/v1/gems"] == _uploads(public)


def test_the_wheel_has_a_classifier_that_pypi_does_not_take(private: Path, declared: Path) -> None:
    """PyPI takes the classifiers that its own library lists; all others of ours are among them."""
    trove = importlib.import_module("trove_classifiers")
    for folder, unknown in ((private, ["Private :: Do Not Upload"]), (declared, [])):
        [file] = folder.glob("*.whl")
        wheel = readers.read("wheel", file)
        [path] = [entry.path for entry in wheel.entries if entry.path.endswith(".dist-info/METADATA")]
        found = HeaderParser().parsestr(wheel.data(path).decode()).get_all("Classifier", [])
        assert unknown == [each for each in found if each not in trove.classifiers]


@pytest.mark.parametrize("client", ["uv", "twine"])
def test_uv_and_twine_send_a_marked_wheel_wherever_they_are_told(
    tmp_path: Path, public: Registry, private: Path, client: str
) -> None:
    """Of Python's tools, none heeds the mark: the index does, or nobody."""
    [file] = private.glob("*.whl")
    url = f"{public.url}/legacy/"
    settings = {
        "uv": {"UV_PUBLISH_URL": url, "UV_PUBLISH_TOKEN": _KEY},
        "twine": {"TWINE_REPOSITORY_URL": url, "TWINE_USERNAME": "__token__", "TWINE_PASSWORD": _KEY},
    }
    words = {"uv": ["publish", "--trusted-publishing", "never"], "twine": ["upload", "--non-interactive"]}
    assert 0 == _status(tmp_path, require(client), *words[client], file.absolute(), **settings[client])
    assert ["POST /legacy/"] == _uploads(public)
