"""What commands print as JSON is what `trustpack schema` says of it."""

import importlib
import json
import os
import zipfile
from typing import Any

import pytest

from builder.docs.schemas import NAMES, PRINTED, schema
from tests import approvers, host_documents
from tests.cli.conftest import World
from tests.commands import commands

# A document, the command whose output it is, and with which status that ends here.
CASES = {
    "manifest": ("build --json", 0),
    "init": ("init roots.pem --org acme --config other.yaml --json", 0),
    "demo": ("demo --json", 0),
    "proof": ("prove --json --offline --target wheel --target pem --client urllib", 0),
    "lint": ("lint roots.pem --format json --for python3.13,java17", 0),
    "explain": ("explain --json", 0),
    "inspect": ("inspect dist --json", 10),  # one of the packages is cut off
    "check": ("check --json --within 9999d", 1),
    "lock": ("lock --json --check", 1),
    "approvals": ("lock --approved --json", 1),
    "plan": ("plan --json", 1),
    "diff": ("diff roots.pem trustpack.lock --json", 1),
    "recipes": ("recipes list --json", 0),
    "recipes-show": ("recipes show deb --json", 0),
    "recipes-export": ("recipes export deb --json", 0),
    "batch": ("batch build orgs --json", 1),
    "batch-check": ("batch check orgs --json", 1),
    "batch-plan": ("batch plan orgs --json", 1),
    "batch-verify": ("batch verify orgs --unsigned --json", 1),
    "batch-repo": ("batch repo orgs --keys keys --json", 1),
    "docs": ("docs --json", 0),
    "host": ("doctor --root host --json", 1),  # which lacks all CAs
    "hosts": ("doctor report hosts --lock trustpack.lock --json", 3),  # one of them is no report
    "attest": ("attest --json", 0),
    "names": ("names --offline --json", 0),
    "sign": ("sign dist --json", 0),
    "verify": ("verify --unsigned --lock trustpack.lock --json", 0),
    "keys": ("keys new --json", 0),
    "keys-check": ("keys check --json", 12),  # one of the keys is not there
    "repo": ("repo build --unsigned --url https://packages.acme.example --json", 0),
    "check-site": ("check --site site --unsigned --json", 0),
    "repo-check": ("repo check --unsigned --json", 0),
    "repo-push": ("repo push www --unsigned --json", 0),
    "repo-fetch": ("repo fetch site --out copy --unsigned --json", 0),
    "publish": ("publish --to http --dry-run --json", 0),
    "repo-export": ("repo export site.tar --unsigned --json", 0),
}
_SITE = "repo build --unsigned --url https://packages.acme.example"
# What `retire` needs before it: a successor of what it withdraws.
_AFTER = {"retire": ("build --release 2026.11 --target pem", "repo add --unsigned")}
# Further commands that print the same documents, and have the same status.
ALSO = {
    "keys show --json": "keys",
    "keys complete --json": "keys",
    "keys rotate --json": "keys",
    "repo add --unsigned --json": "repo",
    "repo refresh --unsigned --json": "repo",
    "repo rehost --unsigned --url https://other.acme.example --json": "repo",
    "repo retire 2026.10 --reason compromised --unsigned --json": "repo",
}
# Documents that are no command's result.
OTHERS = {"certificates", "demo-ci", "doctor", "error", "message", "repo-serve"}
CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem, another.pem, blocked.pem]}
targets: [deb, pem, rpm, wheel]
publish: {http: {debs: {url: "https://packages.acme.example/", targets: [deb]}}}
lifecycle:
  authorities:
    BLOCKED: {state: distrusted, since: 2026-11-01, evidence: INC-1}
"""
LIMITED = """\
    LIMITED: {domains: [corp.example, 10.0.0.0/8]}
settings:
"""


def faults(document: str, text: str) -> list[str]:
    """Return what a document's schema says against a text."""
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("jsonschema is not installed; tests/run installs it")
    validator = jsonschema.Draft202012Validator(schema(document))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(text))]


@pytest.fixture
def rotating(world: World, another: bytes, blocked: bytes) -> World:
    """Return a locked project in which one CA comes, one gets domains and one becomes distrusted."""
    (world.folder / "another.pem").write_bytes(another)
    (world.folder / "blocked.pem").write_bytes(blocked)
    fingerprint, limited = (
        json.loads(world.run("lint", name, "--format", "json").out)["certificates"][0]["sha256"]
        for name in ("blocked.pem", "roots.pem")
    )
    allowed = "".join(f"  {one}: {{domains_unenforced: allow}}\n" for one in ("deb", "pem", "rpm", "wheel"))
    before = CONFIG.replace("another.pem, ", "").replace("distrusted", "active")
    world.write("trustpack.yaml", before.replace("BLOCKED", fingerprint))
    assert world.run("lock", "--release", "2026.1").code == 0
    meant = LIMITED.replace("LIMITED", limited) + allowed
    world.write("trustpack.yaml", CONFIG.replace("BLOCKED", fingerprint) + meant)
    return world


@pytest.mark.parametrize("document", CASES)
def test_what_a_command_prints_is_what_its_schema_says(rotating: World, document: str) -> None:
    """With something of every kind in it, and no key that the schema does not name."""
    line, code = CASES[document]
    if document in {
        "attest",
        "inspect",
        "manifest",
        "proof",
        "publish",
        "sign",
        "verify",
        "check-site",
    } or document.startswith("repo"):
        assert rotating.run("lock", "--change-scheme").code == 0
        assert rotating.run("build").code == 0
    if document == "inspect":
        (rotating.folder / "dist" / "cut.deb").write_bytes(b"!<arch>\ndebian-binary")
    if document == "host":
        rotating.write("host/etc/os-release", "ID=debian\n")
        rotating.write("host/etc/ssl/certs/ca-certificates.crt", "")
    if document == "hosts":
        extra = [{"sha256": "d" * 64, "subject": "CN=Acme Root R9"}]
        rows = [
            host_documents.row({host_documents.OLD: "missing"}, extra=extra, mend="apt install acme-ca-certs")
        ]
        clone = host_documents.document("web-2", host={"machine": host_documents.machine("web-1")})
        found = host_documents.text(host_documents.document("web-1", *rows), clone)
        rotating.write("hosts/all.jsonl", found)
        rotating.write("hosts/none.json", "[]")
    if document == "sign":
        assert rotating.run("keys", "new").code == 0
    if document == "check-site" or document.startswith("repo-"):
        assert rotating.run(*_SITE.split()).code == 0
    if document == "approvals":
        keys = ", ".join(f"{name}: {approvers.person(name).public}" for name in ("alice", "bob"))
        with (rotating.folder / "trustpack.yaml").open("a") as file:
            file.write(f"approvals: {{needed: 1, approvers: {{{keys}}}}}\n")
        assert rotating.run("lock", "--change-scheme").code == 0
    if document.startswith("batch"):
        rotating.write("orgs/acme/roots.pem", "")  # and no configuration, for which no worker is asked
        (rotating.folder / "orgs" / "Umlaut").mkdir()
    if document == "keys-check":
        assert rotating.run("keys", "new").code == 0
        (rotating.folder / "keys" / "1-apk.pem").unlink()
    done = rotating.run(*line.split())
    assert (done.code, faults(document, done.out)) == (code, [])


def test_the_list_in_a_package_is_what_its_schema_says(rotating: World) -> None:
    """certificates.json, with a distrusted CA and why."""
    assert rotating.run("lock", "--change-scheme").code == 0
    assert rotating.run("build", "--target", "wheel").code == 0
    with zipfile.ZipFile(next((rotating.folder / "dist").glob("*.whl"))) as wheel:
        text = wheel.read("acme_certifi/certificates.json").decode()
    assert "INC-1" in text
    assert faults("certificates", text) == []


def test_every_command_that_prints_json_has_a_schema() -> None:
    """All of them print it, and it is described, and shown here to be what its schema says."""
    printing = {command.path for command in commands() if command.prints_json}
    assert printing == {command.path for command in commands()}
    assert printing == {" ".join(_words(line)) for line in _lines()} | {"schema", "repo serve"}
    assert {*CASES, *OTHERS} == set(PRINTED)


def _lines() -> list[str]:
    return [*(line for line, _ in CASES.values()), *ALSO]


def _words(line: str) -> list[str]:
    """Return the words of a command's name."""
    words = line.split()
    grouped = words[0] in {"batch", "doctor", "recipes", "keys", "repo"}
    return words[:2] if grouped and not words[1].startswith("-") else words[:1]


@pytest.mark.parametrize("line", ALSO)
def test_other_commands_print_the_same_documents(world: World, line: str) -> None:
    """What one says of its result, the others do."""
    world.write("trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n")
    for before in (
        "keys new",
        "build --release 2026.10 --target pem",
        _SITE,
        *_AFTER.get(line.split()[1], ()),
    ):
        assert world.run(*before.split()).code == 0
    done = world.run(*line.split())
    assert (done.code, faults(ALSO[line], done.out)) == (0, [])


@pytest.mark.parametrize("document", NAMES)
def test_schema_prints_a_valid_schema(world: World, document: str) -> None:
    """Of JSON Schema's edition of 2020-12."""
    found: Any = json.loads(world.run("schema", document).out)
    importlib.import_module("jsonschema").Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
