"""How much may be asked in a time: rules, and what is left of them. Pure."""
