"""A native plan as a playlist in the user's Spotify account."""
