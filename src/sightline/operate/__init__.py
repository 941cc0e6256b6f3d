"""What an operator does: back up, restore, check, show a demo."""
