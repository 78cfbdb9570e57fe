"""A session at work, as it is shown: live in a terminal, in lines elsewhere, or as JSON."""
