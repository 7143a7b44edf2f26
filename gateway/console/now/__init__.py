"""The page Now: what needs a person, what lies how long, how channels are, what runs out next."""
