"""A statement about nothing yet."""

from builder.provenance import statement as statements
from builder.provenance.statement import Statement


def statement() -> Statement:
    """Return a statement about nothing yet."""
    return Statement(
        subject=(),
        predicate=statements.Provenance(
            build_definition=statements.BuildDefinition(
                build_type=statements.BUILD_TYPE,
                external_parameters=statements.BuildParameters(
                    organisation="acme", release="1", targets=("thing",)
                ),
                internal_parameters=statements.BuildSettings(epoch=1_790_000_000, packaging_revision=1),
                resolved_dependencies=(statements.stated("bundle.pem", "b" * 64),),
                approvals=(statements.StatedApproval(name="Ann", key="SHA256:abc"),),
            ),
            run_details=statements.RunDetails(
                builder=statements.BuilderIdentity(id="urn:x", version={"trustpack": "0"}),
                metadata=statements.RunMetadata(invocation_id="https://ci.example/7"),
            ),
        ),
    )
