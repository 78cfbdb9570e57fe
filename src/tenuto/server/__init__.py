"""Faces for other programs: what the sdk offers, over a protocol. May import sdk and below."""
