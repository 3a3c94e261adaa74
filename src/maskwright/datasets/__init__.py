"""What is made of a corpus: rows selected, split, written for a detector to train on, and checked."""
