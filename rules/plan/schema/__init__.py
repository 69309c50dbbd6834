"""The configuration, described once: its keys, what they may hold, and what they mean.

The models check the configuration and are the source of docs/configuration.md's tables and of
docs/config.schema.json; nothing else holds them. The configuration itself stays the dictionary that
Snakemake makes of the files.
"""
