"""What tells forged from authentic without looking at an edit: taken away, and measured."""
