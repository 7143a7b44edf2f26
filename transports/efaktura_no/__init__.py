"""Norwegian eFaktura: invoices into consumers' net banks, by Mastercard Payment Services (MPS)."""
