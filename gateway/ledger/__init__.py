"""What the gateway's states are called in ledgers: tables that ship with it, and reading them."""
