"""Companies: who they are, what they have settled, who works for them, and what they have used.

Operators see every company at `/console/companies`; a company's own people see theirs at
`/console/settings` and `/console/usage`. Both are made of the same tabs (`section`).
"""
