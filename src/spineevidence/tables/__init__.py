"""Evidence tables, and one writer for each format: Word, LaTeX, HTML, Markdown, CSV."""
