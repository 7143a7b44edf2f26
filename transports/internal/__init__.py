"""The internal channel: the recipient is on this gateway too."""
