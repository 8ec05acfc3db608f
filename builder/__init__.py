"""trustpack: an organisation's CA bundle in, packages that make every client trust it out."""

__version__ = "0.1.0"
