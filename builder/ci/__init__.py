"""Jobs of CI systems that build, sign and publish a project's packages: the files that `init --ci` writes."""

from builder.ci.jobs import SYSTEMS, CiFile, Pipeline, files

__all__ = ["SYSTEMS", "CiFile", "Pipeline", "files"]
