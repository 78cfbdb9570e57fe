"""Resources and prompts that the owner of a server gives to it, beside its workflows."""
