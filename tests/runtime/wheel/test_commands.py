"""`python -m acme_certifi`: env, path and doctor."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.runtime.wheel.world import TRUSTED, Environment, clients, run, trusts
from tests.tools import require

if TYPE_CHECKING:
    from tests.runtime.wheel.conftest import Authorities, Wheels

_BEGIN = "-----BEGIN CERTIFICATE-----"


def _command(
    where: Environment, *words: str | Path, env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    done = where.run("-m", "acme_certifi", *words, env=env, check=False)
    return done.returncode, done.stdout, done.stderr


def _examined(where: Environment, *options: str, env: dict[str, str] | None = None) -> tuple[int, Any]:
    done = where.run(*options, "-m", "acme_certifi", "doctor", "--json", env=env, check=False)
    return done.returncode, json.loads(done.stdout)


def test_path_prints_the_roots_file(installed: Environment, authorities: Authorities) -> None:
    """The file that `path` prints holds these roots alone."""
    code, path, _ = _command(installed, "path")
    assert (code, Path(path.strip()).read_bytes()) == (0, authorities.acme.pem)


def test_env_writes_only_when_asked(installed: Environment, tmp_path: Path) -> None:
    """Without --write, a bundle that is missing or out of date is an error, and nothing is written."""
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    bundle = tmp_path / "cache" / "acme_certifi" / "roots.pem"
    advice = f"acme_certifi: {bundle}: is missing or out of date; make it with env --write\n"
    assert _command(installed, "env", env=env) == (1, "", advice)
    assert not bundle.exists()
    assert _command(installed, "env", "--write", env=env)[0] == 0
    assert _command(installed, "env", env=env)[0] == 0
    whole = bundle.read_text()
    for changed in (whole[:-2000], whole + whole):
        bundle.write_text(changed)
        assert _command(installed, "env", env=env) == (1, "", advice)


def test_env_merges_the_public_roots(
    installed: Environment, authorities: Authorities, tmp_path: Path
) -> None:
    """The bundle holds every public root and these, none twice, readable by all, and nothing else is left."""
    bundle = tmp_path / "made" / "bundle.pem"
    public = clients() / "certifi" / "cacert.pem"
    for _ in range(2):
        code, _, said = _command(installed, "env", "--write", bundle, "--public", public)
        assert (code, said) == (0, f"acme_certifi: wrote {bundle} (public roots from {public})\n")
    text = bundle.read_text()
    assert text.count(_BEGIN) == public.read_text().count(_BEGIN) + 1
    assert text.endswith(authorities.acme.pem.decode())
    assert bundle.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle.pem"]


def test_env_takes_no_public_roots_away(installed: Environment, tmp_path: Path) -> None:
    """Where no public roots are found, nothing is written: the variables would leave these roots alone."""
    empty, bundle = tmp_path / "empty.pem", tmp_path / "bundle.pem"
    empty.write_text("no certificates here\n")
    code, out, said = _command(installed, "env", "--write", bundle, "--public", empty)
    hint = "no certificates found; name a PEM file with --public FILE"
    assert (code, out, said) == (1, "", f"acme_certifi: {empty}: {hint}\n")
    assert not bundle.exists()


def test_env_overwrites_no_file_of_others(installed: Environment, tmp_path: Path) -> None:
    """A file that this command did not write stays as it is."""
    theirs = tmp_path / "theirs.pem"
    theirs.write_text("theirs\n")
    code, _, said = _command(installed, "env", "--write", theirs)
    wrong = "is not a bundle that this command wrote; name another file"
    assert (code, said) == (1, f"acme_certifi: {theirs}: {wrong}\n")
    assert theirs.read_text() == "theirs\n"


def test_env_lines_are_for_a_shell(installed: Environment, tmp_path: Path, urls: dict[str, str]) -> None:
    """`eval` exports the variables, whatever the path; one that is set already stays as it is."""
    bundle = tmp_path / 'it\'s $HOME; a "folder"' / "bundle.pem"
    command = f'eval "$({installed.python} -m acme_certifi env --write {shlex.quote(str(bundle))})" && {{}}'
    echo = 'printf \'%s\\n\' "$SSL_CERT_FILE" "$CURL_CA_BUNDLE"'
    shell = require("sh")
    said = run([shell, "-c", command.format(echo)]).stdout.splitlines()
    assert said == [str(bundle), str(bundle)]
    mine = {"SSL_CERT_FILE": "/mine\nrm -rf /"}
    said = run([shell, "-c", command.format(echo)], env=mine).stdout.splitlines()
    assert said == ["/mine", "rm -rf /", str(bundle)]
    curl = f"{require('curl')} --silent {urls['good']}"
    assert run([shell, "-c", command.format(curl)]).stdout == "trusted\n"


def test_the_bundle_follows_an_upgrade(fresh: Environment, wheels: Wheels, tmp_path: Path) -> None:
    """After an upgrade the old bundle counts as out of date; --write renews it."""
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    bundle = tmp_path / "acme_certifi" / "roots.pem"
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    assert _command(fresh, "env", "--write", env=env)[0] == 0
    before = bundle.read_text()
    fresh.pip("install", "--no-index", "--no-deps", wheels.next)
    assert _command(fresh, "env", env=env)[0] == 1
    assert _command(fresh, "env", "--write", env=env)[0] == 0
    assert bundle.read_text().count(_BEGIN) == before.count(_BEGIN)
    assert bundle.read_text() != before


def test_doctor_finds_nothing_to_say(any_installed: Environment) -> None:
    """Where all is well the findings say so, in every Python, and the exit status is 0."""
    code, found = _examined(any_installed)
    version = any_installed.say("import sys; print(sys.version.split()[0])")
    assert (code, found) == (
        0,
        {
            "package": "acme_certifi",
            "organisation": "acme",
            "release": "2026.1",
            "roots": str(any_installed.site / "acme_certifi" / "roots.pem"),
            "certificates": 1,
            "expired": [],
            "python": f"{version} ({any_installed.python})",
            "switched_off": False,
            "activated": True,
            "trusted_by_default": True,
            "variables": [],
            "advice": [],
        },
    )


def test_doctor_names_the_variables_that_win(
    installed: Environment, authorities: Authorities, tmp_path: Path, urls: dict[str, str]
) -> None:
    """A variable that names other roots is told with who obeys it; one whose file holds these is fine."""
    theirs, merged = tmp_path / "theirs.pem", tmp_path / "merged.pem"
    theirs.write_bytes(authorities.unrelated.pem)
    merged.write_bytes(authorities.unrelated.pem + authorities.acme.pem)
    code, found = _examined(installed, env={"SSL_CERT_FILE": str(theirs), "REQUESTS_CA_BUNDLE": str(merged)})
    shown = [(item["name"], item["value"], item["holds_these_roots"]) for item in found["variables"]]
    assert shown == [("SSL_CERT_FILE", str(theirs), False), ("REQUESTS_CA_BUNDLE", str(merged), True)]
    assert (code, found["trusted_by_default"], len(found["advice"])) == (1, False, 1)
    assert found["advice"][0].startswith("SSL_CERT_FILE wins for ssl, urllib3, aiohttp, httpx, uv: ")
    code, found = _examined(installed, env={"SSL_CERT_DIR": "", "REQUESTS_CA_BUNDLE": ""})
    assert (code, [item["name"] for item in found["variables"]]) == (1, ["SSL_CERT_DIR"])
    env = {"SSL_CERT_FILE": str(merged)}
    assert (_examined(installed, env=env)[0], trusts(installed, urls["good"], env=env)) == (0, TRUSTED)


def test_doctor_tells_why_nothing_is_active(
    installed: Environment, fresh: Environment, wheels: Wheels
) -> None:
    """Switched off, or built for explicit activation: the advice says which, and the exit status is 1."""
    code, off = _examined(installed, env={"ACME_CERTIFI_DISABLE": "1"})
    assert (code, off["advice"]) == (1, ["ACME_CERTIFI_DISABLE is set: nothing is activated in this process"])
    fresh.pip("install", "--no-index", "--no-deps", wheels.explicit)
    code, explicit = _examined(fresh)
    assert (code, explicit["activated"], explicit["trusted_by_default"]) == (1, False, False)
    assert explicit["advice"][0].endswith("call acme_certifi.activate()")


def test_doctor_speaks_to_people(installed: Environment) -> None:
    """The text has one line for each finding."""
    code, said, _ = _command(installed, "doctor")
    assert code == 0
    assert said.splitlines()[2:] == [
        "activated in this process: yes",
        "trusted by a default ssl context: yes",
    ]
