"""The nouns of the pipeline: frozen data that every stage takes and returns."""

from builder.model.certificate import Bundle, Certificate, CertificateSummary, Distrust, State, summarise
from builder.model.finding import Finding, Origin, Severity
from builder.model.package import FILE_NAME, Artifact, File, Organisation, Package, PrivateMarkers
from builder.model.recipe import Content, Output, Recipe, RecipeFile, Setting, TestbedName
from builder.model.release import Release, Revision

__all__ = [
    "FILE_NAME",
    "Artifact",
    "Bundle",
    "Certificate",
    "CertificateSummary",
    "Content",
    "Distrust",
    "File",
    "Finding",
    "Organisation",
    "Origin",
    "Output",
    "Package",
    "PrivateMarkers",
    "Recipe",
    "RecipeFile",
    "Release",
    "Revision",
    "Setting",
    "Severity",
    "State",
    "TestbedName",
    "summarise",
]
