"""Talks to people: parses, prints, sets the exit status."""
