"""The figures of docs/benchmarks.md: each measured in one run beside what bounds or rivals it."""
