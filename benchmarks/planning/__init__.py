"""What `benchmarks/planner.py` is made of."""
