"""The files that go between us and the distributor: bytes <-> values. Ours: the banks' own format
of records is not public. docs/reference/channels/bank_se.md tells it to distributors."""
