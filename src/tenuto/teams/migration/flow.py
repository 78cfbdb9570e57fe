"""The graph of the conductor, who directs those who think and those who work.

```text
check → plan → (a dry run ends) → ask ⇄ settle → prepare → work → collect → build → verify
                                                                                      ↓
                                      finish ← learn ← judge ← (accept?) ← explain ←──┘
```
"""
