"""What is told the ERP, by the names of this channel's faults and troubles."""

from __future__ import annotations

from typing import Final

# Of a document that can not be a claim.
FAULTS: Final = {
    "credit_note": "AvtaleGiro carries no credit notes.",
    "currency": "AvtaleGiro debits Norwegian kroner only.",
    "amount": "AvtaleGiro can not debit the amount.",
    "due_date": "AvtaleGiro takes a due date that is within twelve months ahead.",
    "kid": "AvtaleGiro can not take the KID.",
    "account": "AvtaleGiro claims go to the account that is agreed.",
}

# Of the server, before anything was handed over.
TROUBLES: Final = {
    "unreachable": "The banks' central can not be reached at the moment.",
    "timeout": "The banks' central did not take the claim in time.",
    "host_key": "The banks' server is not the one we know, and nothing was handed over.",
    "login_refused": "The banks' central does not accept our login at the moment.",
    "permission_denied": "The banks' central lets us write nothing at the moment.",
    "disk_full": "The banks' central has no room at the moment.",
    "incomplete": "The banks' central kept only a part of the file.",
    "failed": "The banks' central could not take the file.",
    "numbers": "All numbers of transmissions have been used within a year.",
}

# Why the central rejected a claim, by its words.
REASONS: Final = {
    "no_agreement": "The payer has no agreement",
    "unknown_account": "The account has no agreement on AvtaleGiro",
    "wrong_kid": "The KID is none of the account's",
    "due_date": "The due date is too close or too far",
    "duplicate": "The number of the transmission or assignment was used before",
    "malformed": "The file is not in the format",
}
