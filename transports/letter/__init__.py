"""The letter channel: a print house prints the invoice and posts it."""
