"""The Swedish internet bank: invoices to consumers through a certified technical distributor."""
