"""The operator's commands, one file each, with imports inside their functions: `--help` stays quick."""
