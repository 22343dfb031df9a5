"""The beat-tracking engine: samples -> Detection."""
