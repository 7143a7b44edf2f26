"""`python -m gateway.cli` is `budkavle`, for where the script is not on the path."""

from __future__ import annotations

from gateway.cli import main

main()
