#!/usr/bin/env python3
"""Writes files with time coordinates of many units, calendars, reference dates and types, and what they mean.

    random_times.py FOLDER SEED ROUNDS

FOLDER/0.nc, 1.nc, … have series over these times. FOLDER/expected.json has the times of each in nanoseconds since 1970, or
"gap" and a step that has none. They are made of whole seconds first, and cftime must find the same in the file's numbers, as
far as their type is precise.
"""

import datetime
import json
import random
import sys
from pathlib import Path

import cftime
import netCDF4
import numpy

UNITS = {
    "days": 86400, "day": 86400, "d": 86400, "hours": 3600, "Hours": 3600, "hour": 3600, "hr": 3600, "h": 3600,
    "minutes": 60, "min": 60, "mins": 60, "seconds": 1, "second": 1, "secs": 1, "s": 1,
}  # fmt: skip
FINER = {"milliseconds": 1000, "msecs": 1000, "microseconds": 1_000_000}
EPOCH = datetime.datetime(1970, 1, 1)


def reference(dice, calendar):
    """A reference date as people write it, and what cftime takes it for, in seconds since 1970 as the calendar has it."""
    year = dice.choice([dice.randint(1, 1581), dice.randint(1583, 1800), dice.randint(1900, 2020), 1970, 1])
    month, day = dice.randint(1, 12), dice.randint(1, 28)
    date = dice.choice([f"{year:04}-{month:02}-{day:02}", f"{year}-{month}-{day}"])
    hour, minute, second = dice.randrange(24), dice.randrange(60), dice.randrange(60)
    clock = dice.choice(["", f"{hour:02}:{minute:02}", f"{hour}:{minute}:{second}", f"{hour:02}:{minute:02}:{second:02}.0"])
    # Zones as in CF's "-6:00" cftime passes over.
    zones = ["", "", "Z", " UTC", " +01:00", "+01:00", " -05:30", "-0530", " +14:00", " -00:00"]
    zone = dice.choice(zones) if clock else ""
    # With two spaces before it cftime passes over the clock.
    text = date + (dice.choice([" ", "T"]) + clock + zone if clock else "")
    start = cftime.num2date(0, f"days since {text}", calendar)
    return text, start


def seconds_since_1970(date):
    """Of a cftime date, in its own calendar."""
    return round(cftime.date2num(date, "seconds since 1970-01-01", date.calendar))


def write(path, dice):
    calendar = dice.choice([None, "standard", "gregorian", "proleptic_gregorian", "Standard"])
    text, start = reference(dice, (calendar or "standard").lower())
    start = seconds_since_1970(start)
    steps = dice.choice([2, 5, 50])
    kind = numpy.dtype(dice.choice(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "f8"]))
    name = dice.choice(list(UNITS))
    unit, parts = UNITS[name], 1
    if kind.itemsize == 8 and dice.maybe(0.1):
        name = dice.choice(list(FINER))
        unit, parts = 1, FINER[name]
    grain = unit if kind.kind in "iu" else dice.choice([one for one in [1, 60, 3600, 86400] if one <= unit])
    # From 1680 to 2250, unless the numbers do not reach so far.
    first = dice.randint(-9_151_488_000, 8_835_955_200) - start
    first = first // grain * grain
    step = grain * dice.choice([1, 1, 2, 6])
    seconds = [first + at * step for at in range(steps)]
    numbers = [one // unit * parts if kind.kind in "iu" else one * parts / unit for one in seconds]
    if kind.kind in "iu":
        info = numpy.iinfo(kind)
        if not all(info.min + 2 <= one <= info.max - 2 for one in numbers):
            return None
    values = numpy.array(numbers, kind)
    doubt = 0.0
    if kind.kind == "f":
        doubt = max(abs(values.max()), abs(values.min())) * numpy.finfo(kind).eps * unit / parts
        if doubt > grain / 4:
            return None
    expected = [start + one for one in seconds]
    units = f"{name} {dice.choice(['since', 'since', 'Since'])} {text}"
    found = cftime.num2date(values, units.replace("Since", "since"), (calendar or "standard").lower())
    for date, wanted in zip(found, expected):
        date = datetime.datetime(*date.timetuple()[:6], date.microsecond)
        assert abs((date - EPOCH).total_seconds() - wanted) <= doubt + 2e-6, (units, calendar, date, wanted)
    with netCDF4.Dataset(path, "w") as file:
        file.set_auto_maskandscale(False)
        file.createDimension("time", steps)
        file.createDimension("id", 1)
        gap = dice.randrange(steps) if dice.maybe(0.3) else None
        mark = kind.type(0 if kind.kind == "u" else -9)
        if mark in values:
            gap = None
        time = file.createVariable("time", kind.newbyteorder(dice.choice("<>")), ("time",), fill_value=mark if gap is not None and dice.maybe() else None)
        time.set_auto_maskandscale(False)
        time.units = units
        if calendar:
            time.calendar = calendar
        if gap is not None:
            values[gap] = mark
            if "_FillValue" not in time.ncattrs():
                time.missing_value = dice.choice([mark, numpy.float32(mark), str(mark)])
        time[:] = values
        file.createVariable("id", "i4", ("id",))[:] = [1]
        file.createVariable("Q", "f8", ("time", "id"))[:] = 0
    return ["gap", gap] if gap is not None else [one * 1_000_000_000 for one in expected]


class Dice(random.Random):
    def maybe(self, chance=0.5):
        return self.random() < chance


def main():
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    dice = Dice(seed)
    expected = []
    while len(expected) < rounds:
        one = write(folder / f"{len(expected)}.nc", dice)
        if one is not None:
            expected.append(one)
    (folder / "expected.json").write_text(json.dumps(expected))


main()
