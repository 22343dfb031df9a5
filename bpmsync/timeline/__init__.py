"""The arithmetic of time: beats, steps and run seconds as invertible maps (numpy at most)."""
