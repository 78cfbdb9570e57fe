"""The task `review`: what can be told from the words of a draft, without understanding it."""

from tenuto.adapters.offline.contract import Fault, Review, ReviewInputs
from tenuto.adapters.offline.synthesizing import NO_ANSWER
from tenuto.adapters.offline.words import content_stems


def review(inputs: ReviewInputs) -> Review:
    """Return whether the answer is about the question, and about what the reader emphasised."""
    answer = inputs.draft.answer
    told = set(content_stems(answer))
    texts: list[str] = []
    asked = set(content_stems(inputs.question))
    # A row of a table may answer without a word of the question; a claim's place tells then.
    cited = any(
        f"[{claim.citation.file}:{claim.citation.first_line}]" in answer
        for finding in inputs.findings
        for claim in finding.claims
    )
    if not (asked & told or cited or answer.startswith(NO_ANSWER)):
        texts.append("The short answer has no word of the question.")
    found = {
        stem
        for finding in inputs.findings
        for claim in finding.claims
        if claim.status != "not_found"
        for stem in content_stems(claim.text)
    }
    for topic in inputs.preferences.emphasis:
        wanted = set(content_stems(topic))
        if wanted and wanted <= found and not wanted & told:
            texts.append(f"The short answer leaves out what the reader wants emphasised: {topic}.")
    return Review(good=not texts, faults=[Fault(text=text) for text in texts])
