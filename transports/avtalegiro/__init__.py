"""The AvtaleGiro channel: the payer's bank debits what the payer has agreed to once and for all."""
