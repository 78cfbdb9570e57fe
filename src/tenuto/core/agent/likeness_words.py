"""The words that `likeness` knows: what turns an answer round, what says nothing, what means the
same. English, with the negations and numbers of German, French and Spanish."""

import re
from typing import Final


def _table(text: str) -> dict[str, str]:
    """Read lines of `mark: word word …` as word to mark; what is set in goes on with its line."""
    found: dict[str, str] = {}
    mark = ""
    for line in text.strip().splitlines():
        named, colon, words = line.partition(": ")
        if colon:
            mark = named
        for word in (words if colon else line).split():
            found[word] = mark
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _themselves(text: str) -> dict[str, str]:
    return {word: word for word in text.split()}


NEGATIONS: Final = _table("""
not: not nicht ne pas no cannot non
never: never nie niemals nimmer jamais nunca jamás
none: none nobody nothing nowhere neither nor kein keine keinen keinem keiner keines niemand
  nichts nirgends weder noch aucun aucune rien ni nadie nada ningún ninguna ninguno tampoco
without: without lack lacks lacking missing ohne sans sin
except: except excepting excluding exclude excludes excluded besides unless außer ausser
  ausgenommen sauf excepté hormis excepto salvo menos
hardly: hardly barely rarely seldom scarcely kaum selten rarement apenas raramente
instead: instead rather statt anstatt plutôt
""")

NEGATED_WORD: Final = re.compile(
    r"un(?!der|i|til|cle|to\b|d)[a-z-]{3,}|non-?[a-z]{3,}|[a-z]{3,}-?(?:less|free|proof)|mis[a-z]{4,}"
    r"|dis(?:abl|agre|allow|appear|approv|connect|continu|courag|engag|honest|lik|mount|obe|organi"
    r"|own|prov|qualif|reg|respect|satisf|trust)[a-z]*"
    r"|in(?:access|accura|activ|adequa|admiss|appropr|capab|compat|complet|consist|correct|curab"
    r"|decis|depend|direct|discr|edib|effect|effici|elig|equal|exact|expens|experienc|finit|flexib"
    r"|frequent|justic|operab|organic|san|secur|sensitiv|significan|soluble|stab|suffic|toler"
    r"|valid|visib|voluntar|vulnerab)[a-z]*"
    r"|im(?:balanc|matur|measur|mob|mortal|mutab|parti|passab|patien|perfect|permeab|polit|possib"
    r"|practical|precis|prob|proper|pur)[a-z]*"
    r"|ir(?:ration|recover|regular|relevan|religi|replac|respons|revers|revoc)[a-z]*"
    r"|il(?:legal|legib|legitim|licit|litera|logic)[a-z]*"
    r"|de(?:activat|allocat|central|compil|compress|cod|crypt|frag|hydrat|install|populat|regist"
    r"|regulat|select|serial|stabil)[a-z]*|a(?:symmetr|sync|typical)[a-z]*"
    r"|anti-?[a-z]{4,}|counter[a-z]{4,}|un(?:do|did|fit|tie)"
)
"""Words that say of themselves that something is not so. As stems: `insecure`, `insecurely`."""

OPPOSITES: Final = _table("""
up: increase raise rise grow grew gain boost up upward climb escalate expand upgrade ascend
  ascending
down: decrease reduce lower fall fell drop shrink cut down downward decline diminish downgrade
  descend descending
more: more greater additional extra above over exceed beyond larger bigger higher longer heavier
  wider
less: less fewer below under smaller shorter lighter narrower
most: most biggest largest highest longest maximum max maximal maximize upper top peak tallest
  greatest
least: least smallest lowest shortest minimum min minimal minimize bottom floor
best: best better
worst: worst worse
good: good well positive advantage benefit pro pros strength
bad: bad badly negative disadvantage drawback con cons weakness harm
on: enable activate active
off: disable deactivate inactive off
in: login inbound import ingoing incoming inner inside internal indoor enter entry
out: logout outbound export outgoing outer outside external outdoor exit leave out
start: start begin commence launch open first initial earliest
stop: stop end finish cease halt close shut last final latest quit abort
before: before prior previous earlier until till early preceding past
after: after next later since late following subsequent future
add: add insert attach include append join install
remove: remove delete erase detach omit uninstall subtract
buy: buy purchase bought acquire borrow receive
sell: sell sold lend send sent give
push: push upload publish deploy save write
pull: pull download read load
lock: lock encrypt encode compress hide conceal
unlock: unlock decrypt decode decompress reveal expose
accept: accept approve allow permit grant agree
reject: reject deny refuse forbid prohibit ban block revoke disallow forbidden
win: win won succeed success pass
lose: lose lost fail failure defeat
true: true yes right correct always valid real
false: false wrong incorrect fake
all: all every each both entire whole everyone everybody everything tout todo alle
some: some any several partly partial someone somebody
only: only solely exclusively merely nur seulement solo
many: many much lot
few: few little
hot: hot warm heat
cold: cold cool freeze chill
left: left west western
right: east eastern rightmost
north: north northern
south: south southern
love: love like enjoy prefer
hate: hate dislike avoid
safe: safe secure healthy legal public
unsafe: dangerous toxic risky harmful private
new: new newest young recent modern
old: old oldest ancient legacy obsolete
fast: fast quick rapid quickly fastest
slow: slow slowly slowest
cheap: cheap cheapest inexpensive
dear: expensive costly
rich: rich wealthy
poor: poor
full: full
empty: empty
strong: strong stronger strongest
weak: weak weaker weakest
hard: hard difficult harder hardest
easy: easy simple easier easiest
male: he him his male man men boy father son husband brother
female: she her hers female woman women girl mother daughter wife sister
by-hand: manual manually
by-itself: automatic automatically automate
with: with
from: from
by: by
than: than
or: or
against: against
must: must mandatory required obligatory
maybe: optional may might perhaps maybe voluntary
should: should ought
can: can could able
would: would
will: will shall
was: was were did had
mine: my mine our ours
yours: your yours
""")
"""Word to the side on which it stands. Two texts must stand on the same sides."""

NUMBER_WORDS: Final = _table("""
0: zero null zéro cero
1: one once single ein eine einen einem einer un une uno una
2: two twice double pair zwei deux dos
3: three triple thrice drei trois tres
4: four quadruple vier quatre cuatro
5: five fünf cinq cinco
6: six sechs seis
7: seven sieben sept siete
8: eight acht huit ocho
9: nine neun neuf nueve
10: ten zehn dix diez
11: eleven elf onze once-es
12: twelve dozen zwölf douze doce
13: thirteen
14: fourteen
15: fifteen
16: sixteen
17: seventeen
18: eighteen
19: nineteen
20: twenty zwanzig vingt veinte
30: thirty dreißig trente treinta
40: forty
50: fifty
60: sixty
70: seventy
80: eighty
90: ninety
100: hundred hundert cent cien ciento
1000: thousand tausend mille mil
1000000: million millionen
1000000000: billion milliarde
1/2: half halb demi medio
1/4: quarter
2.: second secondly zweite zweiten deuxième segundo
3.: third dritte dritten troisième tercero
4.: fourth
5.: fifth
""")

QUESTION_WORDS: Final = _table("""
who: who whom whose wer wen wem qui quién
where: where wo woher wohin où dónde
when: when wann quand cuándo
why: why warum wieso weshalb pourquoi
""")

DATE_WORDS: Final = _themselves("""
monday tuesday wednesday thursday friday saturday sunday january february march april june july
august september october november december today tomorrow yesterday tonight now currently noon
midnight morning afternoon evening night weekday weekend hour hourly day daily week weekly
fortnight month monthly quarterly year yearly annual annually decade century spring summer autumn
winter heute morgen gestern montag dienstag mittwoch donnerstag freitag samstag sonntag
demain hier hoy mañana ayer lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes
jueves viernes domingo
""")

UNITS: Final = {
    **_themselves("""
mm cm m km in inch ft foot feet yd yard mi mile mg g kg t lb lbs oz pound ton tons tonne ml l litre
liter gal gallon ms s sec min h hr d w y kb mb gb tb kib mib gib tib kbit mbit gbit bit byte bytes
hz khz mhz ghz kw mw kwh v mv a ma ohm pa kpa bar psi k c f celsius fahrenheit kelvin degree
percent am pm gbp chf jpy cent cents pounds yen mph kmh x times
"""),
    **_table("""
usd: usd dollar dollars
eur: eur euro euros
"""),
}

FREE_WORDS: Final = _words("""
a an the this these there and is are am be do does it its so then please kindly really actually
exactly basically simply just also
""")
"""Words without which a question asks the same. Whatever is not among them counts."""

UNCOUNTED: Final = _words(
    "news goods customs arms means glasses works savings always plus series species"
)
"""Words that end like a plural and are none of the word without its ending."""

SYNONYMS: Final = _table("""
what: what which
have: have has
start: start begin commence
buy: buy purchase
enable: enable activate
disable: disable deactivate
close: close shut
largest: largest biggest
big: big large
small: small tiny
fast: fast quick
can: can could
may: may might
should: should ought
will: will shall
image: image picture photo photograph
car: car automobile
phone: phone telephone
movie: movie movy film
fix: fix repair mend
change: change modify alter
choose: choose pick select
show: show display
create: create make
help: help assist
need: need require
check: check verify
price: price cost
company: company firm
holiday: holiday vacation
child: child children kid
doctor: doctor physician
setup: setup configure
get: get obtain
answer: answer reply respond
trip: trip journey
delete: delete erase
color: color colour
center: center centre
organize: organize organise
catalog: catalog catalogue
gray: gray grey
license: license licence
favorite: favorite favourite
behavior: behavior behaviour
canceled: canceled cancelled
labor: labor labour
""")
"""Word, without the ending of its plural, to the one that stands for all that mean the same."""
