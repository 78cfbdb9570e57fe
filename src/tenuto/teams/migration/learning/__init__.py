"""Learning: general patterns of completed migrations, told so that no single one shows."""
