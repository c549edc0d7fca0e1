"""Rules by which evidence supports or contradicts a claim."""
