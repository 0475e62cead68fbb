"""Writes tables with times at random, and what Python reads from them.

    python tests/interop/write_times.py FOLDER SEED ROUNDS

Each round is a folder with `Q.csv`, `fields.toml` (what the project file has to say of it) and `expected.json`: the nanoseconds
since 1970 that `datetime` finds in each row's text, by `strptime` or `fromisoformat`; only 24:00, which it does not know, is
taken apart here. The times themselves come from a zone of the world with its changes of the clock, or from none.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STEPS = [timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=250)]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
DATES = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%d%b%Y", "%Y%m%d", "%B %d, %Y", "%Y-%j", "%G-W%V-%u", "%a %d %b %Y"]
CLOCKS = [" %H:%M:%S", "T%H:%M:%S", " %H%M%S", " %I:%M:%S %p", " %H:%M:%S.%f"]


def nanoseconds(time):
    since = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def midnight(text, parse):
    """What `parse` finds in a text whose hour may be 24."""
    if "24:00:00" in text:
        return parse(text.replace("24:00:00", "00:00:00")) + timedelta(days=1)
    return parse(text)


def offset(time, draw):
    """An offset as someone may write it."""
    text = time.strftime("%z")
    hours, minutes = text[:3], text[3:5]
    forms = [f"{hours}{minutes}", f"{hours}:{minutes}"]
    if text == "+0000":
        forms.append("Z")
    return draw.choice(forms)


def one(draw):
    step = draw.choice(STEPS)
    fine = step < timedelta(seconds=1)
    start = datetime(draw.randint(1971, 2037), draw.randint(1, 12), draw.randint(1, 28), draw.randint(0, 23) if step < timedelta(days=1) else 0)
    if draw.random() < 0.4:
        # Towards a change of the clock.
        start = draw.choice([datetime(2009, 3, 28, 18), datetime(2009, 10, 24, 20), datetime(2024, 2, 28, 22)])
        if step == timedelta(days=1):
            start = start.replace(hour=0)
    zone = ZoneInfo(draw.choice(ZONES)) if draw.random() < 0.6 else None
    times = [start + step * at for at in range(draw.randint(2, 40))]
    if zone:
        times = [time.replace(tzinfo=timezone.utc).astimezone(zone) for time in times]

    form = None
    if draw.random() < 0.6:
        clock = " %H:%M:%S.%f" if fine else draw.choice(CLOCKS)
        form = draw.choice(DATES) + clock
    shown = lambda time: time.strftime(form) if form else time.replace(tzinfo=None).isoformat(draw.choice("T "))
    texts, expected = [], []
    for time in times:
        text = shown(time)
        if time.time().isoformat() == "00:00:00" and "00:00:00" in text and draw.random() < 0.5:
            text = shown(time - timedelta(days=1)).replace("00:00:00", "24:00:00")
        behind = (draw.choice(["", " "]) if form else "") + offset(time, draw) if zone else ""
        parse = datetime.fromisoformat if form is None else lambda text: datetime.strptime(text, form + ("%z" if zone else ""))
        expected.append(nanoseconds(midnight(text + behind.strip(), parse)))
        texts.append(text + behind)

    separator = draw.choice([";", ",", "\t"])
    quote = draw.choice(["", '"'])
    if separator in ("," if form is None else form + texts[0]):
        separator, quote = ";", draw.choice(["", '"'])
    end = draw.choice(["\n", "\r\n"])
    lines = [separator.join(["time", "7"])]
    lines += [separator.join([f"{quote}{text}{quote}", str(at)]) for at, text in enumerate(texts)]
    fields = [f"time_format = {json.dumps(form + ('%z' if zone else ''))}"] if form else []
    return end.join(lines) + draw.choice(["", end]), "\n".join(fields), expected


def main():
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    draw = random.Random(seed)
    for at in range(rounds):
        text, fields, expected = one(draw)
        here = folder / str(at)
        here.mkdir()
        (here / "Q.csv").write_bytes(text.encode())
        (here / "fields.toml").write_text(fields)
        (here / "expected.json").write_text(json.dumps(expected))


main()
