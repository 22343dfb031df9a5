"""A plan -> files."""
