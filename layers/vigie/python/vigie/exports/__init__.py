"""Exports for analysts: tables as Parquet, and the folder that they go to."""
