"""What the method promises, put to the test on evidence whose truth is known: ``make simulation``."""
