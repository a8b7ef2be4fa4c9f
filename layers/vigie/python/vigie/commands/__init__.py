"""The operator's commands that fill a module of their own."""
