"""Remarks as they come up in sessions: worth remembering, or not.

The rules of `core.memory.judging` were fitted to those at even places. Those at odd places, and the
later ones, which were written when the rules stood, only measure them.
"""

from typing import Final

WORTH_KEEPING: Final = """
The user prefers answers in German.
Ann is allergic to peanuts.
The release is planned for 14 March 2027.
We decided to use PostgreSQL instead of MySQL.
My daughter Lena starts school in August.
The staging server listens on port 8443.
Invoices above 5,000 euros need a second signature.
Customer 4711 cancelled the contract in May.
I hate meetings before ten o'clock.
Bob's manager is Carla Mendes.
The API key rotates every 90 days.
She moved from Lisbon to Porto last year.
Never deploy on Fridays.
The build failed because the disk was full; deleting old images fixed it.
He works as a nurse at the Charité in Berlin.
Reports should be no longer than two pages.
The team agreed that Mira owns the billing service.
Her phone number is +49 30 1234567.
The user wants citations after every claim.
Our fiscal year ends on 30 June.
I am vegetarian and do not eat eggs.
The supplier ships within 5 working days.
Use tabs, not spaces, in this repository.
The contract with Northwind runs until December.
Peter speaks French, Spanish and a little Arabic.
The test database is reset every night at 2 am.
Searching the archive first and then asking the librarian worked.
Our main competitor is Contoso.
The customer was unhappy about the late delivery of order 9921.
My birthday is on the 3rd of October.
The board approved a budget of 1.2 million dollars.
Dr. Okafor recommended reducing the dose to 20 mg.
The password policy requires at least 14 characters.
I usually fly with a window seat.
The office in Prague closes at 17:00.
They rejected the proposal because of the price.
The parser fails on files that are larger than 2 GB.
Write to ops@example.com when the queue is stuck.
The user runs Debian 12 on a ThinkPad.
Tom likes his coffee without sugar.
Budget approvals go through Helen in finance.
The warehouse has run out of blue paint.
We must answer the regulator before 1 September.
My husband's name is Idris.
The function parse_date expects ISO 8601 strings.
Sales in Norway fell by 12 percent in the second quarter.
The customer asked for a refund and got it.
Project Heron was renamed to Project Stork.
Emma is on parental leave until February.
The nightly job takes forty minutes.
The user has a dog called Biscuit.
Do not send e-mails to the old address.
The heating in room 204 is broken.
He retired as a captain in 2019.
The user's favourite author is Ursula Le Guin.
Rollbacks are done with `deploy --previous`.
Maria cannot travel in the first week of May.
Flights to Oslo are cheapest on Tuesdays.
The patient has no known allergies.
The logo must not be stretched or recoloured.
Our office dog is welcome in meetings on Mondays.
The landlord agreed to repair the roof.
I grew up on a farm near Tartu.
Support tickets are answered within four hours.
The migration to Kubernetes was postponed to next spring.
The user dislikes bullet points.
Retrying with a smaller batch solved the timeout.
Lunch orders close at eleven.
She is training for a marathon.
The model overestimates demand in holiday weeks.
The key to the archive is kept at the reception.
Paul and Nina share one licence.
The firmware update bricks devices of revision B.
The user lives in Ghent and cycles to work.
Quotes are valid for thirty days.
My brother is a vet.
The new hire starts on Monday in the Dublin team.
Data of minors is stored in the EU only.
The user reads on a phone, so tables should be narrow.
The auditor wants the logs of the last six months.
Everyone on the team has admin rights on the wiki.
The red cable goes into the left socket.
Payment terms with Fabrikam are 60 days net.
The user is learning Japanese.
We stopped supporting Python 3.9.
Grandma's recipe uses buttermilk instead of milk.
The client's office is wheelchair accessible.
The intern fixed the flaky test by freezing the clock.
Yusuf prefers calls to e-mails.
The domain expires in November.
What is the Wi-Fi password? It is on the fridge.
Thanks! By the way, I moved to Vienna.
Hi, I'm Jonas and I teach physics.
Okay, so we go with the second design.
Sure, the deadline is Thursday.
No problem, I can work on weekends in April.
Great, then Alice takes the lead.
Sorry, I meant 450 units, not 540.
Yes, dairy makes me ill.
Please call me Sam instead of Samuel.
"""

NOT_WORTH_KEEPING: Final = """
Hi!
Thanks a lot!
OK.
You're welcome.
Good morning!
Sure, no problem.
Hello, how are you today?
Great, thank you so much for your help!
Sounds good.
Let me know if you have any other questions.
https://example.com/a/b?c=d
Is there anything else I can help you with?
I hope this helps!
What time is it?
Hmm, let me think.
lol
Have a nice day!
As an AI language model, I cannot have opinions.
Click here to subscribe to our newsletter.
All rights reserved.
and then the
Could you please explain that again?
Got it.
One moment, please.
I see.
Yes.
No, thanks.
Where is the file?
Bye!
👍
...
Thank you for contacting us.
This website uses cookies to improve your experience.
asdf asdf
Let me check that for you.
Perfect!
How can I assist you today?
test
Absolutely! I'd be happy to help with that.
Interesting question.
Can you help me?
because of
Awesome, cheers.
I'm sorry, but I can't help with that request.
Page 3 of 12
Who are you?
That makes sense.
Sorry about that.
Working on it...
Please wait while the page is loading.
Right, right.
http://localhost:8000
What do you think?
Hey there
Nice to meet you too!
Understood.
Do you want me to continue?
I will get back to you.
Noted, thanks.
Why?
See you later.
Lorem ipsum dolor sit amet, consectetur adipiscing elit.
haha yes
Of course!
maybe
Skip to main content
Here is the answer to your question:
Did that work?
Never mind.
Don't worry about it.
Accept all cookies
I'm not sure.
It depends.
Alright, let's get started.
www.example.org
Feel free to reach out anytime.
Which one?
Welcome back!
okay okay
Looking forward to hearing from you.
Best regards,
This message is intended only for the addressee.
That's a great question!
Hold on a second.
Good night, sleep well.
Home | About | Contact | Privacy
Sign in or create an account
aaaaaaaa
Well, you know.
Cool, will do.
Can you repeat the last part, please?
How much does it cost?
I don't know.
Let's see what we can do.
with the other one
Here you go.
Nothing else, thank you.
I have completed the task as requested.
Loading...
Is it possible to change this?
"""


LATER_WORTH_KEEPING: Final = """
Leave the porch light on for the courier.
He snores.
Two-factor login is mandatory for contractors.
Turns out the leak came from the dishwasher.
Our tests run on a Raspberry Pi.
Cats make my sister sneeze.
Ask Olga before touching the ledger.
The second floor has no lift.
I can't stand jazz.
Ship it in blue.
Good to know: the gate code is 2580.
The user gets up at five.
We lost the Helsinki tender to Brandt.
Thank you! The blue one fits, the green one is too small.
Deploys need a ticket number in the message.
My surname is spelled with two t's.
The cache is cleared every Sunday night.
She reports to the head of design.
Invoices go out on the last working day.
I left my job at the bank.
The printer jams with recycled paper.
Mondays are bad for me.
Sample rate is 48 kHz.
The elevator takes eight people.
Vera took over from Niklas.
Answer in one paragraph.
It rained through the roof of hall B.
Nobody may park in front of the ramp.
The vendor confirmed that the bug is theirs.
Short answers, please, and no emojis.
"""

LATER_NOT_WORTH_KEEPING: Final = """
Hiya!
Much obliged.
Cool cool cool.
Anything else?
Ready when you are.
I'm listening.
Okay, thanks, bye.
Could we talk about something else?
That's all for today.
Wonderful, thanks for letting me know!
Give me a minute.
Just a sec.
Same to you.
What did you say?
...and so on
Good point.
Fair enough.
It was nice talking to you.
I understand your frustration.
Sorry, I didn't catch that.
Sure thing, boss.
On it!
Done.
Hmmmm
Read more
Share this article
Copyright 2024 Example Corp.
Follow us on social media
Hope you're doing well.
As requested, please find below the information.
"""


def remarks(lines: str) -> list[str]:
    """Return the remarks of one of the two lists."""
    return lines.strip().split("\n")
