"""The commands about the Spotify account."""
