"""The console: pages for people, made on the server, that work without a script.

Start reading in `console`. What the pages say is in `words.toml`, how they look in `style.css`;
`templates/base.html` is around every one of them.
"""
