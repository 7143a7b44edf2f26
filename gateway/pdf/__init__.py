"""The invoice as a picture that people read: A4, by reportlab."""
