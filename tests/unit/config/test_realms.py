"""Realms of trustpack.yaml: what each has from the organisation, what never, and what is refused."""

from pathlib import Path

import pytest

from builder import config
from builder.errors import ConfigError, UsageError

WHOLE = """\
organisation:
  slug: acme
  name: Acme GmbH
  contact: PKI <pki@acme.example>
  summary: The CAs of production
bundle:
  paths: [roots.pem]
  expired: drop
release: 2026.10
site: https://packages.acme.example
npm_scope: "@acme"
targets: [deb, npm]
names: {deb: acme-trust}
settings: {wheel: {activation: explicit}}
repository: {keys: ../keys, signer: [sign], valid: 90d}
publish: {public: [npm], github: {repository: acme/trust}}
approvals: {needed: 2, approvers: {alice: a.pub, bob: b.pub}}
lifecycle:
  overlap: 60d
  fail_on: warning
  authorities:
    AUTHORITY: {state: retiring}
realms:
  staging:
    bundle: {paths: [staging.pem]}
  factory:
    bundle: {paths: [factory.pem]}
    name: Acme's factories
    lifecycle: {overlap: 7d}
    settings: {deb: {store: system}}
    approvals: {needed: 1, approvers: {carol: c.pub}}
    site: https://factory.acme.example
""".replace("AUTHORITY", "a" * 64)


def written(tmp_path: Path, text: str) -> Path:
    """Write `text` as a configuration file."""
    file = tmp_path / "trustpack.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_realm_has_from_the_organisation_what_it_does_not_give(tmp_path: Path) -> None:
    """Who answers for it, targets, settings, how it signs, who approves; no names and no keys."""
    found, _ = config.read_with_lines(written(tmp_path, WHOLE), "staging")
    owner = found.organisation
    assert (owner.slug, owner.name, owner.contact) == (
        "acme-staging",
        "Acme GmbH (staging)",
        "PKI <pki@acme.example>",
    )
    assert (found.targets, found.settings) == (["deb", "npm"], {"wheel": {"activation": "explicit"}})
    assert (found.repository.valid, found.publish.public) == ("90d", ["npm"])
    assert (found.lifecycle.overlap, found.lifecycle.fail_on) == ("60d", "warning")
    assert found.approvals is not None
    assert sorted(found.approvals.approvers) == ["alice", "bob"]

    assert (owner.summary, found.bundle.paths, found.bundle.expired) == (None, ["staging.pem"], "refuse")
    assert (found.lifecycle.authorities, found.release, found.site, found.realms) == ({}, None, None, {})
    assert (found.repository.keys, found.repository.signer) == ("../keys-staging", None)
    assert found.publish.github is None
    # The scope is shared, and @acme/ca is the organisation's.
    assert (found.npm_scope, found.names) == ("@acme", {"npm": "@acme/staging-ca"})


def test_what_a_realm_gives_is_laid_over_the_organisations(tmp_path: Path) -> None:
    """Key by key; approvers as a whole, so that nobody approves unawares."""
    found, _ = config.read_with_lines(written(tmp_path, WHOLE), "factory")
    assert (found.organisation.name, found.site) == ("Acme's factories", "https://factory.acme.example")
    assert (found.lifecycle.overlap, found.lifecycle.fail_on) == ("7d", "warning")
    assert found.settings == {"wheel": {"activation": "explicit"}, "deb": {"store": "system"}}
    assert found.approvals is not None
    assert (found.approvals.needed, sorted(found.approvals.approvers)) == ("1", ["carol"])


def test_the_organisations_own_is_as_without_realms(tmp_path: Path) -> None:
    """But for the list of them."""
    plain = config.read(written(tmp_path, WHOLE.partition("realms:")[0]))
    found = config.read(written(tmp_path, WHOLE))
    assert list(found.realms) == ["staging", "factory"]
    for name in set(config.Config.__struct_fields__) - {"realms"}:
        assert getattr(found, name) == getattr(plain, name)


def test_each_key_of_a_realm_is_where_it_stands(tmp_path: Path) -> None:
    """In the realm, or where the organisation has it; what nobody gives is where the realm begins."""
    file = written(tmp_path, WHOLE)
    _, lines = config.read_with_lines(file, "factory")
    numbers = {text.strip(): number for number, text in enumerate(WHOLE.splitlines(), 1)}
    assert lines.where(("bundle", "paths", 0)) == f"{file}:{numbers['bundle: {paths: [factory.pem]}']}"
    assert lines.line(("targets", 1)) == numbers["targets: [deb, npm]"]
    assert lines.line(("lifecycle", "authorities", "a" * 64)) == numbers["lifecycle: {overlap: 7d}"]
    assert lines.line(("release",)) == numbers["factory:"]
    assert lines.line(("organisation", "slug")) == numbers["factory:"]


@pytest.mark.parametrize(
    ("realms", "said"),
    [
        ("Staging: {bundle: {paths: [x]}}", ":7: realms: 'Staging' is no realm's name"),
        ("a--b: {bundle: {paths: [x]}}", ":7: realms: 'a--b' is no realm's name"),
        ("../x: {bundle: {paths: [x]}}", ":7: realms: '../x' is no realm's name"),
        (f"{'x' * 36}: {{bundle: {{paths: [x]}}}}", "its slug, is longer than 40 characters"),
        ("staging: {}", ":7: the key 'realms.staging.bundle' is missing"),
        ("staging: {bundle: {paths: [x]}, realms: {}}", ":7: unknown key 'realms'"),
        ("staging: {bundle: {paths: [x]}, organisation: {slug: globex}}", ":7: unknown key 'organisation'"),
        (
            "staging: {bundle: {paths: [x]}, site: 'https://packages.acme.example/'}",
            ":7: realms.staging.site: is acme's, too",
        ),
        (
            (
                "a: {bundle: {paths: [x]}, site: 'https://s.acme.example'}\n  "
                "b: {bundle: {paths: [x]}, site: 'https://s.acme.example'}"
            ),
            ":8: realms.b.site: is acme-a's, too",
        ),
        ("a: {bundle: {paths: [x]}, site: 'https://u:p@s.acme.example'}", ":7: site: holds"),
    ],
)
def test_a_realm_that_could_not_be_one_is_refused(tmp_path: Path, realms: str, said: str) -> None:
    """With file and line, whichever of the file's bundles is asked for."""
    head = "organisation: {slug: acme}\nbundle:\n  paths: [roots.pem]\n"
    head += "site: https://packages.acme.example\n\nrealms:\n  "
    with pytest.raises(ConfigError) as raised:
        config.read(written(tmp_path, f"{head}{realms}\n"))
    assert said in str(raised.value)


def test_an_unknown_realm_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """An empty name, as of a variable that is not set, is one, too."""
    file = written(tmp_path, WHOLE)
    with pytest.raises(UsageError) as raised:
        config.read_with_lines(file, "stagin")
    assert raised.value.hint == "did you mean 'staging'?"
    with pytest.raises(UsageError, match="has no such realm"):
        config.read_with_lines(file, "")
