"""What `judging` knows of English: phrases that carry nothing, and signs of facts that hold."""

import re
from typing import Final


def _patterns(lines: str) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each line; one that begins with `|` goes on with the one before.

    A space stands for any white space, `'` for any apostrophe or none."""
    found = []
    for line in re.sub(r"\n\s*\|", "|", lines.strip()).split("\n"):
        source = line.strip().replace("'", "['’]?").replace(" ", r"\s+")
        found.append(re.compile(source, re.IGNORECASE))
    return tuple(found)


_COURTEOUS: Final = """
absolutely afternoon ah aha alright amazing appreciate appreciated awesome aw bye certainly cheers
congrats congratulations cool cya definitely dear evening exactly excellent fantastic fine glad
goodbye goodnight good great greetings ha haha hahaha hah hello hey hi hmm hm howdy huh indeed
interesting k kk kudos later lol lovely maybe mhm morning nah neat nice nope noted obviously oh ok
okay okey ooh oops perfect perfectly perhaps please pleasure pls probably really regards right
rofl sincerely sorry sounds splendid super sure thank thanks thankyou thx totally true ty uh uhm
um understood welcome well whoa wonderful wow yay yea yeah yep yup day night meet talk see know
think thing things something anything nothing stuff lot bit way sense makes make good got course
problem worries worry hope happy help helps hear second moment question questions answer ready
done go going come here there today now again soon back want need sir madam
"""
COURTESY_WORDS: Final = frozenset(_COURTEOUS.split())
"""Words that carry nothing by themselves."""

_DANGLING: Final = """
a an and as at because but by for from her his if in into like my of on or our so than that the
their then this to until when where which while who with your
"""
DANGLING: Final = frozenset(_DANGLING.split())
"""No sentence ends in these: the text was cut off."""

COURTESIES: Final = _patterns(
    r"""
    \blet me know if (?:you|there|that|this)\b[^.!?]*
    \b(?:is there|was there|if you need|if there's) (?:any|some)thing(?: else)?\b[^.!?]*
    \b(?:i |we )?hope (?:this|that|it|you|your)\b[^.!?]*
    \bfeel free to\b[^.!?]*
    \b(?:i'd be |i am |i'm |we're |always )?(?:happy|glad|here) to (?:help|assist)\b[^.!?]*
    \bhow (?:can|may) i (?:help|assist)\b[^.!?]*
    \bthank(?:s| you)(?: (?:so|very) much| a lot)? for (?:contacting|your|the help|reaching
      |asking|letting)\b[^.!?,]*
    \bhave a (?:nice|great|good|lovely|wonderful) \w+
    \b(?:nice|great|good|pleased) to (?:meet|see|hear|talk)\b[^.!?,]*
    \blooking forward to (?:hearing|seeing|it|your)\b[^.!?]*
    \b(?:best|kind|warm) (?:regards|wishes)\b
    \bsee you\b[^.!?]*
    \bas an ai(?: language)?(?: model| assistant)?\b[^.!?]*
    \b(?:i'm|i am) (?:sorry|afraid),? (?:but )?i (?:can't|cannot|can not|am unable
      |am not able)\b[^.!?]*
    \b(?:that's|what) (?:is )?an? (?:great|good|interesting|excellent) (?:question|idea|point)\b
    \b(?:sleep|take care|stay) (?:well|safe)\b
    \bthat (?:makes|made) (?:a lot of |perfect )?sense\b
    \b(?:you're|you are) (?:very |most )?welcome\b
    """
)
"""Taken out of a sentence; what stands beside them is judged."""

ANNOUNCEMENTS: Final = _patterns(
    r"""
    ^\W*(?:ok\w*,? |alright,? |sure,? |hmm?,? )?let(?:'s| me| us) (?:see|check|think|look|get
      |start|begin|find|try|know|have|search|go|do|continue)\b
    \b(?:i'll|i will|will|we'll) (?:get back|be right back|check|do (?:that|it|so)|look into|try
      |let you know|have a look|see what)\b
    ^\W*(?:cool|ok\w*|sure|great),? will do\W*$
    ^\W*(?:just )?(?:hold on|hang on|one (?:moment|second|sec)|wait)\b
    ^\W*(?:still )?(?:working|thinking|searching|loading|processing|looking)(?: on (?:it|this
      |that))?\W*$
    ^\W*here (?:you (?:go|are)|is|are|it is)\b[^.!?]*\b(?:answer|result|list|summary|go|are
      |it is)\b[^.]*[:!.]?\W*$
    ^\W*(?:i have|i've|we have|we've) (?:now )?(?:completed|finished|done) (?:the|this|that|your
      |it)(?: task| request)?[^,;:]*$
    ^\W*(?:i'm |i am )?not (?:really |quite )?sure\b[^,;:]{0,20}$
    ^\W*(?:i|we) (?:don't|do not|didn't) (?:know|understand|remember|get it)\b[^,;:]{0,15}$
    ^\W*(?:it|that) (?:all )?depends\W*$
    ^\W*(?:never ?mind|forget (?:it|that|about it)|don't worry|no worries)\b[^,;:]*$
    ^\W*(?:could|can|would|will) you\b[^.]*$
    ^\W*(?:tell me more|go (?:on|ahead)|continue|try again|say that again|please (?:explain
      |repeat|continue|wait)\b.*)\W*$
    """
)
"""Sentences that tell what is done just now, or that nothing is known."""

BOILERPLATE: Final = _patterns(
    r"""
    \ball rights reserved\b
    ©|\(c\) (?:19|20)\d\d
    \blorem ipsum\b
    \b(?:this|our) (?:web)?site uses cookies\b
    ^\W*(?:accept|reject|manage)(?: all)? cookies\W*$
    \bclick here\b
    \b(?:un)?subscribe (?:to|from) (?:our|this|the)\b
    ^\W*page \d+(?: of \d+)?\W*$
    ^\W*skip to (?:main )?content\W*$
    ^\W*(?:sign|log) ?(?:in|up)\b(?: or\b.*)?\W*$
    \b(?:message
      |e-?mail) is (?:intended )?(?:only )?(?:intended )?(?:only )?for the (?:addressee
      |recipient|use)
    \bjavascript is (?:disabled|required)\b|\benable javascript\b
    ^\W*(?:home|about|contact|menu)(?:[\w ]*[|·>/•])+[\w ]*\W*$
    \bplease wait while\b
    \bterms of (?:service|use) and privacy\b
    """
)

SIGNS: Final = tuple(
    (pattern, weight)
    for weight, lines in (
        (
            0.25,
            r"""
            \b(?:prefers?|preferred|likes?|loves?|hates?|dislikes?|enjoys?|favou?rite|wants?
              |allergic|allergy|vegetarian|vegan)\b
            \b(?:decided|decision|agreed|chose|chosen|approved|rejected|confirmed|signed
              |postponed|cancelled|renamed)\b
            \b(?:always|never|must|must not|should|shall|requires?|required|policy|not allowed
              |do not|don't|only)\b
            \b(?:deadline|due|until|expires?|by (?:mon|tues|wednes|thurs|fri|satur|sun)day
              |before \d|no later than)\b
            """,
        ),
        (
            0.2,
            r"""
            \b(?:my|his|her|their|\w+'s) (?:name|birthday|address|phone|number|wife|husband
              |partner|daughter|son|brother|sister|mother|father|manager|boss|job|dog|cat)\b
            \b(?:lives?|lived|moved|works?|born|grew up|teach(?:es)?|speaks?|owns?|married
              |retired|call(?:ed)? me)\b
            \b(?:because|caused|causes|fixed|solved|worked|fails?|failed|instead of|so that
              |rather than)\b
            """,
        ),
        (
            0.1,
            r"""
            \b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b
            \b(?:january|february|april|june|july|august|september|october|november|december)\b
            [$€£]|\b(?:euros?|dollars?|percent)\b|%
            \b[\w.+-]+@[\w-]+\.\w+|`[^`]+`|\b\w+_\w+\b|(?:^| )/\w+/\w+
            """,
        ),
        (
            -0.1,
            r"""
            \b(?:i guess|i suppose|might|could be|sort of|kind of|not sure)\b
            \b(?:right now|at the moment|just now|currently)\b
            """,
        ),
    )
    for pattern in _patterns(lines)
)
"""Patterns, and what each adds to the worth of a text."""
