"""What is behind a figure of the runway: its terms and records (`figures`, `records`), and why it moved (`moved`)."""
