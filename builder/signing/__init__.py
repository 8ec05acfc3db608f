"""Finished files and indexes become signed ones: OpenPGP, RPM headers, apk; keys, and programs that sign."""
