"""Themes, sentiment and NPS drivers from open-ended customer feedback, offline and in any language."""

__version__ = "0.1.0"
