"""What happens to a title, and in what order."""
