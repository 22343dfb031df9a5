"""A plan -> files: playlists, and copies for a player."""
