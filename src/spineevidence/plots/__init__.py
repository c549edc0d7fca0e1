"""Figures, one per module: axes in, axes out."""
