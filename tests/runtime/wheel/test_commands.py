"""`python -m acme_certifi`: env, path and doctor."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from cryptography.hazmat.primitives.hashes import SHA256

from tests.runtime.wheel.world import TRUSTED, Environment, clients, run, trusts
from tests.tools import require

if TYPE_CHECKING:
    from tests.runtime.wheel.conftest import Authorities, Wheels

# The format that wheel, npm package and gem share.
_KEYS = [
    "schema",
    "package",
    "version",
    "release",
    "organisation",
    "runtime",
    "bundle",
    "certificates",
    "active",
    "through",
    "variables",
    "problems",
    "notes",
]
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
    """`eval` exports the variables, whatever the path; one that names other roots stays as it is."""
    bundle = tmp_path / 'it\'s $HOME; a "folder"' / "bundle.pem"
    command = f'eval "$({installed.python} -m acme_certifi env --write {shlex.quote(str(bundle))})" && {{}}'
    echo = 'printf \'%s\\n\' "$SSL_CERT_FILE" "$CURL_CA_BUNDLE"'
    shell = require("sh")
    said = run([shell, "-c", command.format(echo)]).stdout.splitlines()
    assert said == [str(bundle), str(bundle)]
    mine = {"SSL_CERT_FILE": "/mine\nrm -rf /", "CURL_CA_BUNDLE": ""}  # empty, which curl takes for none
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


def test_doctor_finds_nothing_to_say(any_installed: Environment, authorities: Authorities) -> None:
    """Where all is well the findings say so, in every Python, and the exit status is 0."""
    code, found = _examined(any_installed)
    version = any_installed.say("import sys; print(sys.version.split()[0])")
    certificate = authorities.acme.certificate
    assert (code, found) == (
        0,
        {
            "schema": 1,
            "package": "acme-certifi",
            "version": "1.2026.1",
            "release": "2026.1",
            "organisation": "acme",
            "runtime": {"name": any_installed.engine, "version": version, "path": str(any_installed.python)},
            "bundle": str(any_installed.site / "acme_certifi" / "roots.pem"),
            "certificates": [
                {
                    "subject": "CN=Acme Root",
                    "sha256": certificate.fingerprint(SHA256()).hex(),
                    "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "expired": False,
                }
            ],
            "active": True,
            "through": ["start-up file"],
            "variables": [],
            "problems": [],
            "notes": found["notes"],
        },
    )
    assert list(found) == _KEYS
    # The clients that are there, in the Pythons that can load them.
    assert {note.partition(" ")[0] for note in found["notes"]} == {"curl_cffi", "grpc", "uv", "pycurl"}


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
    assert (code, found["active"], found["through"], len(found["problems"])) == (1, False, [], 1)
    assert found["problems"][0].startswith("SSL_CERT_FILE wins for ssl, urllib3, aiohttp, httpx, pyOpenSSL, ")
    code, found = _examined(installed, env={"SSL_CERT_DIR": "", "REQUESTS_CA_BUNDLE": ""})
    [variable] = found["variables"]
    assert (code, variable["name"], variable["holds_these_roots"]) == (1, "SSL_CERT_DIR", None)
    env = {"SSL_CERT_FILE": str(merged)}
    code, found = _examined(installed, env=env)
    assert (code, found["through"], trusts(installed, urls["good"], env=env)) == (
        0,
        ["SSL_CERT_FILE"],
        TRUSTED,
    )


def test_doctor_tells_variables_that_name_the_public_roots(installed: Environment) -> None:
    """Such a variable is no choice of other roots: it is shown, with what it means, and is no problem."""
    certifi = str(clients() / "certifi" / "cacert.pem")
    code, found = _examined(installed, env={"SSL_CERT_FILE": certifi, "CURL_CA_BUNDLE": certifi})
    assert (code, found["through"], found["problems"]) == (0, ["start-up file"], [])
    said = "names the public roots, which are taken anyway: these count beside them, but not for"
    effects = {item["name"]: item["effect"] for item in found["variables"]}
    assert effects == {"SSL_CERT_FILE": f"{said} uv", "CURL_CA_BUNDLE": f"{said} curl, curl_cffi"}


def test_doctor_tells_why_nothing_is_active(
    installed: Environment, fresh: Environment, wheels: Wheels
) -> None:
    """Switched off, unknown engine, or built for explicit activation: it says which, and the status is 1."""
    code, off = _examined(installed, env={"ACME_CERTIFI_DISABLE": "1"})
    why = ["ACME_CERTIFI_DISABLE is set: nothing is activated in this process"]
    assert (code, off["active"], off["problems"]) == (1, False, why)
    fresh.pip("install", "--no-index", "--no-deps", wheels.explicit)
    code, explicit = _examined(fresh)
    assert (code, explicit["active"], explicit["through"]) == (1, False, [])
    assert explicit["problems"][0].endswith("call acme_certifi.activate()")
    other = "import sys; sys.implementation.name = 'graalpy'\nimport acme_certifi as a; print(a.activate())\n"
    report = "from acme_certifi import _doctor; print(_doctor.examine()['problems'])"
    said = fresh.say(other + report).splitlines()
    engine = "this is graalpy: the package is proven with CPython and PyPy, and stays off elsewhere"
    assert said == ["False", str([engine])]


def test_doctor_prints_what_the_schema_says(installed: Environment) -> None:
    """Its object passes the schema that all three language packages' doctors have."""
    schema = json.loads(run([sys.executable, "-m", "builder", "schema", "doctor"]).stdout)
    for env in ({}, {"SSL_CERT_FILE": "/nowhere", "ACME_CERTIFI_DISABLE": "1"}):
        jsonschema.validate(_examined(installed, env=env)[1], schema)


def test_doctor_finds_damage(fresh: Environment, wheels: Wheels) -> None:
    """Where the file that OpenSSL loads is not what people read, the package wants to be installed again."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    for text in ("", "-----BEGIN TRUSTED CERTIFICATE-----\nMIIA\n-----END TRUSTED CERTIFICATE-----\n"):
        (fresh.site / "acme_certifi" / "anchors.pem").write_text(text)
        code, found = _examined(fresh)
        assert (code, found["active"]) == (1, False)
        assert "this package is damaged: reinstall acme-certifi" in found["problems"]


def test_doctor_speaks_to_people(installed: Environment, authorities: Authorities) -> None:
    """The text has one line for each finding, in the order of the object."""
    code, said, _ = _command(installed, "doctor", env={"CURL_CA_BUNDLE": "/x\udcff\ny"})
    certificate = authorities.acme.certificate
    until, digest = (
        certificate.not_valid_after_utc.strftime("%Y-%m-%d"),
        certificate.fingerprint(SHA256()).hex(),
    )
    version = installed.say("import sys; print(sys.version.split()[0])")
    assert (code, said.splitlines()[:5]) == (
        1,
        [
            f"acme-certifi 1.2026.1 (release 2026.1 of acme), python {version} ({installed.python})",
            f"bundle: {installed.site / 'acme_certifi' / 'roots.pem'}",
            f"  CN=Acme Root, valid until {until}, SHA-256 {digest}",
            "active: yes, through start-up file",
            'CURL_CA_BUNDLE="/x\\udcff\\ny": names no roots: its clients trust nobody, or fail',
        ],
    )


def test_doctor_may_be_cut_short(installed: Environment) -> None:
    """A reader that has seen enough, as `head` has, ends it in silence."""
    command = f"{installed.python} -m acme_certifi doctor --json | true"
    done = run([require("sh"), "-c", command])
    assert (done.stdout, done.stderr) == ("", "")


def test_an_archive_has_no_path(tmp_path: Path, wheels: Wheels, installed: Environment) -> None:
    """Inside of an archive no file is named that would be gone at once, and doctor says so."""
    env = {"PYTHONPATH": str(wheels.acme)}
    python: list[str | Path] = [installed.python, "-S", "-m", "acme_certifi"]
    done = run([*python, "path"], env=env, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(": lies in an archive; write a file with env --write FILE\n")
    found = json.loads(run([*python, "doctor", "--json"], env=env, check=False).stdout)
    assert (found["bundle"], len(found["certificates"])) == (None, 1)
    assert run([*python, "env", "--write", tmp_path / "bundle.pem"], env=env).returncode == 0
