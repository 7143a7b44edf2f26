"""Acting on documents: hold, release, retry, send once more or another way, cancel, choose whom it
goes to, take a link back; one document, or the ticked rows of a list. And the receipt that one
shows to a customer.

Every verb shows what will happen before it does, asks why, and does what was shown or nothing. What
the verbs mean is `gateway.delivery`'s, who may ask for them is the API's.
"""
