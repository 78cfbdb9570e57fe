"""Recovery: what rows are refused for, what may help, and how it is tried before it counts."""
