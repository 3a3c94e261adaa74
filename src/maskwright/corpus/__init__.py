"""Where results are kept: the plan, the parts, and the one reader of both."""
