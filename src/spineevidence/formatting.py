"""How a number, an interval, a time and a count look in print."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

DAYS_PER_MONTH = 30.4375
WHOLE = 1e-6  # a time printed in weeks or days comes back from months with an error near 1e-15
QUARTER = 0.25  # months: 1.09 weeks


def number(value: float, digits: int = 1) -> str:
    """Return a number with so many decimals and never a negative zero.

    >>> number(1.25, 1), number(-0.04, 1)
    ('1.2', '0.0')
    """
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def trimmed(value: float, digits: int = 4) -> str:
    """Return a number without needless zeros.

    >>> trimmed(10.0), trimmed(0.5), trimmed(0.1)
    ('10', '0.5', '0.1')
    """
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(low: float, high: float, digits: int = 1) -> str:
    """Return an interval in words that cannot be misread when a limit is negative.

    >>> interval(-0.4, 1.6)
    '-0.4 to 1.6'
    """
    return f"{number(low, digits)} to {number(high, digits)}"


def time_in_words(months: float) -> str:
    """Return a time since the procedure in the unit in which it is a whole number.

    A quarter of a month, the nominal time of the first window, is said as a week.

    >>> [time_in_words(t) for t in (12, 6 * 7 / 30.4375, 1 / 30.4375, 29.7, 0.25)]
    ['12 months', '6 weeks', '1 day', '29.7 months', '1 week']
    """
    if months == QUARTER:
        return "1 week"
    for size, unit in ((1.0, "month"), (7 / DAYS_PER_MONTH, "week"), (1 / DAYS_PER_MONTH, "day")):
        count = months / size
        if count >= 1 - WHOLE and abs(count - round(count)) < WHOLE * max(1.0, count):
            return count_of(round(count), unit)
    return f"{trimmed(months, 1)} months"


def count_of(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun.

    >>> count_of(1, "study", "studies"), count_of(2, "study", "studies"), count_of(0, "row")
    ('1 study', '2 studies', '0 rows')
    """
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Return words as an English list.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def shortened(text: str, limit: int) -> str:
    r"""Return a text on one line, cut where it is too long to quote.

    >>> shortened("a text\nof two lines", 40), shortened("a long text", 6)
    ('a text of two lines', 'a long…')
    """
    line = " ".join(printable(text[: 4 * limit]).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[:limit].rstrip()}…"


def printable(text: str) -> str:
    r"""Return a text with a space in place of each character that moves the cursor or is invisible.

    >>> printable("a\tb")
    'a b'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def html_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a small accessible table; every text is escaped, the first cell of a row is its heading."""
    parts = [f"<table><caption>{html.escape(caption)}</caption><thead><tr>"]
    parts += [f'<th scope="col">{html.escape(head)}</th>' for head in heads]
    parts.append("</tr></thead><tbody>")
    for row in rows:
        first, *rest = (html.escape(cell) for cell in row)
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        parts.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    parts.append("</tbody></table>")
    return "".join(parts)
