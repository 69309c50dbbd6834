"""The configuration, described once: what may stand in it, its ranges, and what it means.

Validation, the tables of docs/configuration.md and the JSON schema for editors are made of these
models. Snakemake imports pydantic itself, so that it costs a job no time.
"""
