"""What people look at: overlays, regions, plots. Takes values, reads nothing."""
