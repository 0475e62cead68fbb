"""rerunoff from Python."""
