"""What a statement feels and wants. Importing this package loads nothing heavy."""
