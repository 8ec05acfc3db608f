"""What people get wrong, and what their machines have: other settings, secrets, folders."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.config import DESTINATIONS
from tests.publish import relay
from tests.publish.clients import asked, built, clients
from tests.publish.test_faults import published
from tests.publish.test_files import configure
from tests.tools import require

if TYPE_CHECKING:
    from tests.publish.conftest import Project
    from tests.publish.store import Store

_USAGE, _CONFIG, _REFUSED = 2, 3, 14


@pytest.mark.parametrize("client", clients("npm"))
def test_the_users_own_settings_are_neither_used_nor_changed(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str
) -> None:
    """They name another registry, and a secret for it, at home and in the folder of the project."""
    to, running = asked(request, client)
    home = tmp_path / "home"
    (home / ".gem").mkdir(parents=True)
    (home / ".config" / "uv").mkdir(parents=True)
    with relay.relaying() as elsewhere:
        host = elsewhere.url.removeprefix("http:")
        settings = {
            ".pypirc": f"[distutils]\nindex-servers = pypi\n[pypi]\nrepository = {elsewhere.url}\n",
            ".npmrc": f"registry={elsewhere.url}\n{host}:_authToken=theirs\ndry-run=true\ntag=theirs\n",
            ".gem/credentials": "---\n:rubygems_api_key: theirs\n",
            ".gemrc": f"---\n:sources: ['{elsewhere.url}']\npush: --host {elsewhere.url}\n",
            ".config/uv/uv.toml": f'publish-url = "{elsewhere.url}"\n',
            ".netrc": "machine 127.0.0.1 login their password own\n",
        }
        project = built(project, client, running, tmp_path / "bin")
        for folder in (home, project.folder):
            for name, text in settings.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text)
                (folder / name).chmod(0o600)
        (project.folder / "uv.toml").write_text(settings[".config/uv/uv.toml"])
        if client == "npm":
            # npm finds the machine's settings beside the node that runs it.
            machine = tmp_path / "machine"
            for name in ("bin", "etc"):
                (machine / name).mkdir(parents=True)
            shutil.copy2(Path(require("node")).resolve(), machine / "bin" / "node")
            (machine / "etc" / "npmrc").write_text(settings[".npmrc"])
            project = dataclasses.replace(project, programs=f"{machine}/bin:{project.programs}")
        project.variables.update(
            HOME=str(home), XDG_CONFIG_HOME=str(home / ".config"), NETRC=str(home / ".netrc"),
            GEMRC=str(home / ".gemrc"), RUBYGEMS_HOST=elsewhere.url, NPM_CONFIG_REGISTRY=elsewhere.url,
            npm_config_dry_run="true", UV_PUBLISH_URL=elsewhere.url, UV_PUBLISH_INDEX="theirs",
            TWINE_REPOSITORY="theirs", TWINE_REPOSITORY_URL=elsewhere.url,
        )  # fmt: skip
        assert project.outcomes("--to", to) == {to: "sent"}
        assert elsewhere.came == []
    for folder in (home, project.folder):
        assert {name: (folder / name).read_text() for name in settings} == settings


@pytest.mark.parametrize("client", clients("gem"))
def test_a_wrong_or_missing_secret_is_named(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str
) -> None:
    """By its variable; it is not shown, and nothing is stored."""
    to, running = asked(request, client)
    project = built(project, client, running, tmp_path / "bin")
    [variable] = [key for key in running.variables if "USER" not in key]
    project.variables[variable] = "expired-long-ago"
    said, hint = project.error("--to", to)
    assert f"does not accept {variable}: it answers 40" in said
    assert hint.endswith(f"renew {variable}")
    del project.variables[variable]
    said, hint = project.error("--to", to, code=_USAGE)
    assert said == f"publish.{to}: no credential is set"
    assert variable in hint
    project.variables.update(running.variables)
    assert project.outcomes("--to", to) == {to: "sent"}


def test_no_secret_crosses_a_network_in_the_clear(project: Project) -> None:
    """Nobody is asked, not even for the name's address."""
    url = "http://registry.acme.invalid/"
    more = {"gitlab": {"project": "a/b"}, "gitea": {"owner": "a"}, "github": {"repository": "a/b"}}
    there = {name: {"url": url, **more.get(name, {})} for name in DESTINATIONS}
    project.configure(**{**there, "http": {"x": {"url": url}}})
    project.build("wheel", "npm", "gem")
    names = ("UV_PUBLISH_TOKEN", "NPM_TOKEN", "GEM_HOST_API_KEY", "GITLAB_TOKEN", "GITEA_TOKEN", "GH_TOKEN")
    project.variables.update(dict.fromkeys((*names, "TRUSTPACK_HTTP_TOKEN"), "s3cret"))
    for name in ("pypi", "github", "http"):  # the others are entered as one of these is
        said, hint = project.error("--to", name)
        assert said.startswith(url), name
        assert said.endswith("a credential is not sent over plain HTTP")
        assert "https://" in hint


def test_a_secret_in_an_address_is_refused(release: Project) -> None:
    """It would be in every package, and the message does not show it."""
    release.configure(npm={"url": "https://user:s3cret-of-all@registry.acme.invalid/"})
    done = release.publish("--to", "npm")
    assert done.returncode == _CONFIG
    assert "publish.npm.url" in done.stderr
    assert "s3cret-of-all" not in done.stdout + done.stderr


def test_another_organisations_release_is_refused(release: Project, another: Project, files: Store) -> None:
    """Where it may go, its own configuration says."""
    to = configure(release, files, "plain")
    theirs = (another.folder / "trustpack.yaml").read_text().replace('"acme"', '"globex"')
    (another.folder / "trustpack.yaml").write_text(theirs)
    shutil.rmtree(another.dist)
    another.build("deb")
    said, hint = release.error(str(another.dist), "--to", to, code=_USAGE)
    assert "is of globex, and the configuration of acme" in said
    assert "--config" in hint
    assert files.received == []


def test_what_was_read_is_sent_whatever_becomes_of_the_folder(release: Project, files: Store) -> None:
    """Each file is verified once, before the first is sent."""
    to = configure(release, files, "plain")
    wanted = published(release)

    def spoil() -> None:
        for path in release.dist.iterdir():
            path.write_bytes(b"spoilt")

    files.after = spoil
    assert release.outcomes("--to", to) == {"http.x": "sent"}
    assert files.files == wanted


def test_a_folder_without_a_release_is_named(release: Project, files: Store) -> None:
    """An empty one, and one whose file is another than its manifest has."""
    to = configure(release, files, "plain")
    (release.folder / "empty").mkdir()
    done = release.publish("empty", "--to", to)
    assert done.returncode != 0
    assert "empty" in done.stderr
    [path] = release.dist.glob("*.deb")
    path.write_bytes(path.read_bytes() + b" ")
    done = release.publish("--to", to)
    assert done.returncode != 0
    assert path.name in done.stderr
    assert files.received == []
