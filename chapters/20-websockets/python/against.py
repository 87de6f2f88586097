"""The echo that examples/against compares with, for Uvicorn."""

from echo import echo as app  # noqa: F401
