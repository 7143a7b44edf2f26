"""E-mail in: invoices to be sent, handed in by mail, and suppliers' invoices to a company's own
address."""
