"""Texts as their writers saw them, with a map back to the original."""
