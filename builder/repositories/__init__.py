"""Releases become a static site, from which every package manager installs them by name."""
