"""Bytes by their hash, each company's own: small ones in rows, large ones in files or in S3.

`port.py` has the words, `blobs.py` the one way in; `files.py` and `s3.py` are the two places for
large ones, `seal.py` and `keys.py` encryption, `sweep.py` what nobody names any more.
"""
