"""The e-mail channel: the invoice as a PDF in a message that people read."""
