"""RPM packages of format 4 (rpm.org: Format of the RPM file)."""
