"""UBL 2.1: the structure as facts, reading, writing, and business terms by path."""
