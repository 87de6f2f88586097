"""The echo that examples/against compares with, for Uvicorn."""

from echo_socket import echo as app  # noqa: F401
