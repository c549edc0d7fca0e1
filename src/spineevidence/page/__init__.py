"""The page to browse: one file with everything, from a pooled number down to the printed row."""
