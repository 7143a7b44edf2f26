"""Finding documents: one box with a language of its own, for operators and for companies.

Begin with `query` (the language), then `log` (the operators' page) and `outgoing` (the companies').
"""
