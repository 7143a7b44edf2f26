"""Svefaktura 1.0: the SFTI rules of 25 October 2016, a module for each part of the invoice.

Its own reckoning: what is told as `number(...)` or `sum(...)` is a double, as in the official
rules, and a difference below half a unit of currency is none.
"""
