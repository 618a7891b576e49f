"""Statements: sentences, list items and clauses as exact offsets."""
