"""Companies' participants in Peppol: registered, withdrawn, moved from publisher to publisher."""
