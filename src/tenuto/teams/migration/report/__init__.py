"""A migration as a report: a page for people, and Markdown."""
