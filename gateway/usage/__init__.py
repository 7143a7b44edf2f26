"""What companies have used, and what it costs: prices, charges, statements."""
