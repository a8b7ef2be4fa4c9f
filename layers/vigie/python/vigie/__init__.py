"""Vigie, the lookout: cameras watched without running servers."""
