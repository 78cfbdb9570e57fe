"""A team that moves a database to another system, and proves it; may import the face only."""
