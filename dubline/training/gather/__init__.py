"""More recordings to teach with than a corpus holds: packages of sound that a distribution keeps, and solos played."""
