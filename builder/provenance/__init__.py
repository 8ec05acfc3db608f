"""Where a release comes from, what is in it, and whether that is so: SBOM, statement, verify."""
