"""What training hears: voices over music and effects, drawn, colored and leveled."""
