"""What goes to the eFaktura services and comes back: bytes and values, nothing that calls."""
