"""The console: pages for people, made on the server, that work without a script.

Start reading in `console`. A section of the menu is a module with one class, whose `pages()` are
put together in `opening`. What a section says is in `words/`, how it looks in `style/`, what it is
made of in `templates/`; `templates/base.html` is around every page, and `templates/parts.html` has
what several are made of.
"""
