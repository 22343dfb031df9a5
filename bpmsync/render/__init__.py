"""Sound that is made from a plan or a grid (numpy; files go through bpmsync.audio)."""
