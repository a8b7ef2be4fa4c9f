"""Lamps that this edge drives: from the shadows of their groups to the devices."""
