"""Every JSON document that a command prints or writes, and its JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from builder.errors import UsageError


@dataclass(frozen=True, slots=True)
class PrintedJson:
    """A JSON document: the command that prints it and the file that holds it, and where its type is."""

    by: str
    module: str
    type: str


# What people write, and trustpack reads.
WRITTEN = {
    "configuration": ("builder.config", "schema"),
    "recipe": ("builder.render.recipe_file", "schema"),
    "lockfile": ("builder.lifecycle.lockfile", "schema"),
}
PRINTED = {
    "manifest": PrintedJson(
        "`trustpack build --json` and `manifest.json`", "builder.release.schema", "ManifestJson"
    ),
    "certificates": PrintedJson(
        "`certificates.json` inside packages", "builder.render.schema", "InventoryJson"
    ),
    "doctor": PrintedJson(
        "`doctor --json` of the wheel, the npm package and the gem", "builder.render.schema", "DoctorJson"
    ),
    "host": PrintedJson(
        "`trustpack doctor --json`, and the doctor that is built", "builder.doctor.schema", "HostJson"
    ),
    "init": PrintedJson("`trustpack init --json`", "builder.cli.schema", "InitJson"),
    "demo": PrintedJson("`trustpack demo --json`", "builder.cli.schema", "DemoJson"),
    "demo-ci": PrintedJson("`trustpack demo --ci --json`", "builder.cli.schema", "DemoWayJson"),
    "proof": PrintedJson("`trustpack prove --json` and `proof.json`", "builder.prove.schema", "ProofJson"),
    "lint": PrintedJson("`trustpack lint --json`", "builder.lint.schema", "LintJson"),
    "explain": PrintedJson("`trustpack explain --json`", "builder.lint.schema", "ExplainJson"),
    "inspect": PrintedJson("`trustpack inspect --json`", "builder.inspect.schema", "InspectJson"),
    "check": PrintedJson("`trustpack check --json`", "builder.lifecycle.schema", "CheckJson"),
    "check-site": PrintedJson(
        "`trustpack check --site --json`", "builder.repositories.check_schema", "SiteHealthJson"
    ),
    "lock": PrintedJson("`trustpack lock --json`", "builder.lifecycle.schema", "LockJson"),
    "approvals": PrintedJson(
        "`trustpack lock --approved --json` and `lock --sign --json`",
        "builder.lifecycle.schema",
        "ApprovalsJson",
    ),
    "plan": PrintedJson("`trustpack plan --json`", "builder.lifecycle.schema", "PlanJson"),
    "diff": PrintedJson("`trustpack diff --json`", "builder.diff.schema", "DiffJson"),
    "hosts": PrintedJson("`trustpack doctor report --json`", "builder.doctor.hosts_schema", "HostsJson"),
    "attest": PrintedJson("`trustpack attest --json`", "builder.provenance.schema", "AttestJson"),
    "names": PrintedJson("`trustpack names --json`", "builder.publish.names_schema", "PackageNamesJson"),
    "sign": PrintedJson("`trustpack sign --json`", "builder.signing.schema", "SignJson"),
    "keys": PrintedJson(
        "`trustpack keys new --json`, `keys show --json` and `keys rotate --json`",
        "builder.signing.schema",
        "KeysJson",
    ),
    "keys-check": PrintedJson("`trustpack keys check --json`", "builder.signing.schema", "KeysCheckJson"),
    "recipes": PrintedJson("`trustpack recipes list --json`", "builder.render.schema", "RecipesJson"),
    "recipes-show": PrintedJson(
        "`trustpack recipes show --json`", "builder.render.schema", "ShownRecipeJson"
    ),
    "recipes-export": PrintedJson(
        "`trustpack recipes export --json`", "builder.render.schema", "ExportedRecipeJson"
    ),
    "repo": PrintedJson(
        "`--json` of `trustpack repo build`, `add`, `retire`, `refresh` and `rehost`",
        "builder.repositories.schema",
        "PublishedJson",
    ),
    "repo-check": PrintedJson(
        "`trustpack repo check --json`", "builder.repositories.check_schema", "SiteCheckJson"
    ),
    "repo-push": PrintedJson("`trustpack repo push --json`", "builder.repositories.schema", "PushedJson"),
    "repo-fetch": PrintedJson("`trustpack repo fetch --json`", "builder.repositories.schema", "FetchedJson"),
    "repo-export": PrintedJson(
        "`trustpack repo export --json`", "builder.repositories.schema", "ExportedJson"
    ),
    "repo-serve": PrintedJson("`trustpack repo serve --json`", "builder.repositories.schema", "ServedJson"),
    "verify": PrintedJson(
        "`trustpack verify --json`", "builder.provenance.verify_schema", "VerificationJson"
    ),
    "publish": PrintedJson("`trustpack publish --json`", "builder.publish.delivery_schema", "DeliveryJson"),
    "batch": PrintedJson(
        "`trustpack batch build --json` and `batch.json`", "builder.batch.schema", "BatchJson"
    ),
    "batch-check": PrintedJson("`trustpack batch check --json`", "builder.batch.schema", "BatchCheckJson"),
    "batch-plan": PrintedJson("`trustpack batch plan --json`", "builder.batch.schema", "BatchPlanJson"),
    "batch-verify": PrintedJson("`trustpack batch verify --json`", "builder.batch.schema", "BatchVerifyJson"),
    "batch-repo": PrintedJson("`trustpack batch repo --json`", "builder.batch.schema", "BatchRepoJson"),
    "docs": PrintedJson("`trustpack docs --json`", "builder.docs.schema", "DocsJson"),
    "error": PrintedJson(
        "the last line of standard error, where JSON was asked for", "builder.cli.schema", "ErrorJson"
    ),
    "message": PrintedJson(
        "lines of standard error, where JSON was asked for", "builder.cli.schema", "MessageJson"
    ),
}
NAMES = (*WRITTEN, *PRINTED)


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a document by its name; raise UsageError for one that does not exist."""
    if name in WRITTEN:
        module, function = WRITTEN[name]
        found: dict[str, Any] = getattr(import_module(module), function)()
        return found
    if name not in PRINTED:
        from builder.text.faults import nearest

        raise UsageError(f"{name}: there is no such document", hint=nearest(name, NAMES))
    from builder.text import schema as schemas

    printed = PRINTED[name]
    return schemas.schema(getattr(import_module(printed.module), printed.type), name)
