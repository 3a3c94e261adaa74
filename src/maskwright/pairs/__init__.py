"""What comes in: two pictures and what is known of them, read, checked and brought onto one grid."""
