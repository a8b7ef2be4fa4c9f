"""Deploying to an account, and removing what was deployed."""
