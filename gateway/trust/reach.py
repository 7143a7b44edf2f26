"""Which companies somebody may act for.

In charge of the words and of the one rule: who may act for a company may act for its sub-units. The
store has the same rule as a query (`gateway.store.accounts`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """Every company of an account, or the companies that are named; with their sub-units.

    One of the two is empty. Nobody reaches a company by an account that it is not in.
    """

    account_id: str = ""
    companies: tuple[str, ...] = ()

    def takes_in(self, company_id: str, parent_id: str, account_id: str) -> bool:
        """Whether it has the company with this id, whose parent and account these are."""
        if self.account_id and account_id == self.account_id:
            return True
        return company_id in self.companies or (bool(parent_id) and parent_id in self.companies)
