"""English words that say nothing of what a text is about."""

from typing import Final

_IGNORED: Final = """
a about above after again all also am an and any are arent as at be because been before being
below between both but by can cannot could did do does doing dont done down during each else
ever few for from further get gets give given gives got had has have having he her here hers him
his how however i if in into is isnt it its itself just let like may me might more most must my
no nor not of off on once one only or other our ours out over own per said same say says shall
she should so some such tell than that the their theirs them then there these they this those
through to too under until up upon us use used uses very was we were what whats when where
whether which while who whom whose why will with within without would yes yet you your
"""
IGNORED_WORDS: Final = frozenset(_IGNORED.split())
"""Words that no search looks for, unless a query holds nothing else."""
