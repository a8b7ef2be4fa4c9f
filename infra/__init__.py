"""The system's infrastructure: `catalog` says what it is; `local` runs it on one machine."""
