"""Training and evaluation of the event classifier."""
