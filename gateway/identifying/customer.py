"""A customer in a file: whom to reach, and what its supplier calls it."""

from __future__ import annotations

from pydantic import ConfigDict

from gateway.intake.customer import Line, RecipientFacts


class CustomerFacts(RecipientFacts):
    """A customer; the fields are also the columns of a CSV file."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    customer: Line | None = None
    """Your own number or name for it: it is in the result, to join that with your books."""
