"""What the client of a call is asked: its user by elicitation, its model by sampling."""
