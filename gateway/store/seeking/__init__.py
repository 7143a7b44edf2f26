"""How documents are sought: the same way in both databases, without asking them itself.

In charge of which rows are looked at, in which order, and when that is enough. What it wants to be
asked it yields as SQL with `?`, and gets the rows: `sqlite.search` and `postgres.search` ask.

Whatever a question says gives sources: lists of documents, one for each of its fields. A source
with few documents is taken whole; where there are such, what all of them have is looked at, and
nothing else. Where all sources have many, one of them is walked from the newest on, and each
document looked at is held to the whole question; only so many are, for one page. So a rare thing is
always found at once, and only what is rare among two frequent things takes several pages.

The last word has the document's own row: a source may hold what is no longer so.

`documents` seeks, `sources` knows where to look and what must hold, `spread` counts and suggests,
and `statements` is what they are written in.
"""
