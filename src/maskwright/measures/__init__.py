"""How masks and maps are judged: counts that add, and the measures made of them. numpy only."""
