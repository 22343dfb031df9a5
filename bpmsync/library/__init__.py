"""What is known of the music folder."""
