"""Writes dBASE tables at random, and what dbfread and pyshp read from them: make_dbase.py FOLDER SEED ROUNDS.

Of each table n.dbf the file `expected` has lines of `n id field readings`, separated by tabs; the readings, of which there
are several where the two differ, are separated by `|`: `-` where there is no value, `!` where a reader gives up or both are
no more than a guess, `n` and the 16 hexadecimal digits of a number, `i` and the digits of a large whole one, `t` and the
hexadecimal bytes of a text in UTF-8.
"""

import datetime
import math
import random
import struct
import sys
from pathlib import Path

import dbfread
import shapefile

folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)

# The number of the code page in the header, what the file beside the table says, the name that Python knows it by, letters.
PAGES = [
    (0x03, None, "cp1252", "Zürich Aéô€"),
    (0x57, None, "cp1252", "Zürich Aéô€"),
    (0x01, None, "cp437", "Zürich éâÄ"),
    (0x02, None, "cp850", "Zürich éâØ"),
    (0xC8, None, "cp1250", "Łódź Ostrów"),
    (0xC9, None, "cp1251", "Дон Волга"),
    (0xCB, None, "cp1253", "Αλιάκμων"),
    (0x7B, None, "cp932", "信濃川"),
    (0x4D, None, "gbk", "长江黄河"),
    (0x79, None, "cp949", "한강"),
    (0x00, "UTF-8", "utf-8", "Дон Łódź 長江"),
    (0x57, "UTF-8", "utf-8", "Дон Łódź 長江"),
    (0x00, "1251", "cp1251", "Дон Волга"),
    (0x00, "ISO 88592", "iso8859-2", "Łódź Ostrów"),
    (0x57, "CP1252\r\n", "cp1252", "Zürich€"),
    (0x00, None, "ascii", "Rhine Main"),
]
FOXPRO = (0x30, 0x31, 0x32)
WESTERN = (0x00, 0x01, 0x02, 0x03, 0x57)


def right(text, width):
    return text[:width].rjust(width).encode()


def number(width, decimals):
    """A cell of a field of numbers: mostly numbers, now and then nothing or what is none."""
    kind = draw.random()
    if kind < 0.08:
        return b" " * width
    if kind < 0.12:
        return b"*" * width
    if kind < 0.14:
        return b"\0" * width
    if kind < 0.22:
        odd = ["12,50", "1,234", "1.234,5", "1.5D+03", "1.#INF", "nan", "inf", "-", ".", "1 2", "*1", "0x1F", "1e999", "--1", "x", "1_0"]
        return right(draw.choice(odd), width)
    if kind < 0.32:
        return right(f"{draw.uniform(-1e9, 1e9):.{max(0, width - 8)}e}", width)
    if kind < 0.42:
        return right(str(draw.randrange(-(10 ** (width - 1)) + 1, 10**width)), width)
    value = draw.choice([0, -1, 1, draw.uniform(-1000, 1000), draw.uniform(-1, 1), 10 ** draw.uniform(-3, width - decimals - 3)])
    text = f"{value:.{decimals}f}"
    text = text if draw.random() < 0.8 else text.rstrip("0") or "0"
    cell = right(text, width)
    return cell if draw.random() < 0.9 else cell.strip().ljust(width)


def text(width, encoding, letters):
    while True:
        chosen = "".join(draw.choice(letters + "abc 1") for _ in range(draw.randrange(0, width + 1)))
        encoded = chosen.encode(encoding)
        # Bytes of a Western code page that happen to be UTF-8 (é€€) are read as that: a rule that these readers do not have.
        happens = encoding in ("cp1252", "cp437", "cp850") and is_utf_8(encoded)
        if len(encoded) <= width and not happens:
            return encoded.ljust(width, draw.choice([b" ", b"\0"]))


def is_utf_8(content):
    """Whether bytes make sense as UTF-8 and are not all ASCII."""
    try:
        return not content.decode().isascii()
    except UnicodeDecodeError:
        return False


def field(version, at):
    """A field's name, type, width and decimals."""
    kinds = "CNNNFLDI" + ("YBV" if version in FOXPRO else "")
    kind = draw.choice(kinds)
    width, decimals = {"L": (1, 0), "D": (8, 0), "I": (4, 0), "Y": (8, 4), "B": (8, 5)}.get(kind, (0, 0))
    if kind in "CV":
        width = draw.randrange(6, 40)
    elif kind in "NF":
        width = draw.randrange(8, 21)
        decimals = draw.randrange(0, 5)
    return (f"{kind}{at}", kind, width, decimals)


def cell(kind, width, decimals, encoding, letters):
    if kind in "NF":
        return number(width, decimals)
    if kind in "CV":
        return text(width, encoding, letters)
    if kind == "L":
        return draw.choice([b"T", b"t", b"Y", b"y", b"F", b"f", b"N", b"n", b"?", b" ", b"X"])
    if kind == "D":
        day = datetime.date(1900, 1, 1) + datetime.timedelta(days=draw.randrange(60000))
        return draw.choice([day.strftime("%Y%m%d").encode()] * 8 + [b" " * 8, b"00000000", b"20090231"])
    if kind == "I":
        return struct.pack("<i", draw.choice([0, -1, draw.randrange(-(2**31), 2**31)]))
    if kind == "Y":
        return struct.pack("<q", draw.choice([0, -5, draw.randrange(-(10**12), 10**12), draw.randrange(-(2**63), 2**63)]))
    return struct.pack("<d", draw.choice([0.1, draw.uniform(-1e6, 1e6), draw.gauss(0, 1e-200)]))


def write(path):
    """Writes a table: its encoding, fields and ids by record, and the cells that are null, zeros, or have two readings."""
    version = draw.choice([0x03, 0x30, 0x31, 0x32, 0x83, 0x8B, 0xF5, 0x04])
    driver, beside, encoding, letters = draw.choice(PAGES)
    fields = [("ID", "N", 8, draw.choice([0, 0, 2]))] + [field(version, at) for at in range(draw.randrange(1, 8))]
    nullable = [version in FOXPRO and name != "ID" and draw.random() < 0.4 for name, *_ in fields]
    bits = []
    for (name, kind, *_), null in zip(fields, nullable):
        bits += [(name, "length")] if version in FOXPRO and kind == "V" else []
        bits += [(name, "null")] if null else []
    flags = (len(bits) + 7) // 8
    described = fields + ([("_NullFlags", "0", flags, 0)] if bits else [])
    header, place = b"", 1
    for at, (name, kind, width, decimals) in enumerate(described):
        marks = 5 if kind == "0" else 2 if nullable[at] else 0
        header += name.encode().ljust(11, b"\0") + kind.encode()
        header += struct.pack("<I", place if version in FOXPRO else 0) + bytes([width, decimals, marks]) + b"\0" * 13
        place += width
    header += b"\r" + (b"\0" * 263 if version in FOXPRO else draw.choice([b"", b"", b"\0"]))
    records, ids, nulls, zeros, doubtful = b"", {}, set(), set(), set()
    count = draw.randrange(1, 12)
    for record in range(count):
        key = 70001 + record
        deleted = draw.random() < 0.15
        records += b"*" if deleted else b" "
        if not deleted:
            ids[record] = str(key)
        set_bits = 0
        for name, kind, width, decimals in fields:
            content = right(f"{key:.{decimals}f}", width) if name == "ID" else cell(kind, width, decimals, encoding, letters)
            if (name, "null") in bits and draw.random() < 0.3:
                set_bits |= 1 << bits.index((name, "null"))
                nulls.add((record, name))
            if kind in "NF" and content == b"\0" * width:
                zeros.add((record, name))
            if kind in "CV" and not beside and driver not in WESTERN and is_utf_8(content):
                doubtful.add((record, name))
            # Python's own numbers have underscores.
            if content.strip() in (b"1,234", b"*1", b"1_0"):
                doubtful.add((record, name))
            # dbfread and pyshp know nothing of lengths told so: the text is as long as it can be, or ends in blanks.
            records += content
        if bits:
            records += set_bits.to_bytes(flags, "little")
    head = bytes([version, 109, 1, 1]) + struct.pack("<IHH", count, 32 + len(header), place)
    head += b"\0" * 17 + bytes([driver, 0, 0])
    path.write_bytes(head + header + records + draw.choice([b"\x1a", b"", b"\x1a\0\0"]))
    if beside:
        path.with_suffix(draw.choice([".cpg", ".CPG"])).write_text(beside)
    return encoding, fields, ids, nulls, zeros, doubtful


def told(value):
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return told(float(value))
    if isinstance(value, datetime.date):
        return told(value.strftime("%Y%m%d"))
    if isinstance(value, str):
        return "t" + value.strip(" ").encode().hex() if value.strip(" ") else "-"
    if isinstance(value, int) and abs(value) >= 2**53:
        # Whole numbers are exact, or there are none.
        if -(2**63) <= value < 2**63:
            return f"i{value}"
        if int(float(value)) != value:
            return "!"
    return "n" + struct.pack(">d", float(value)).hex() if math.isfinite(float(value)) else "!"


def by_dbfread(path, encoding, fields):
    """The cells of all records that are not deleted, parsed one by one: one that it gives up is `!`."""
    table = dbfread.DBF(str(path), encoding=encoding, raw=True, ignore_missing_memofile=True)
    parser = dbfread.FieldParser(table)
    kinds = {field.name: field for field in table.fields}
    rows = []
    for record in table:
        row = {}
        for name, *_ in fields:
            # It knows decimal commas in fields of type N alone.
            content = record[name].replace(b"12,50", b"12.50") if name[0] == "F" else record[name]
            try:
                row[name] = told(parser.parse(kinds[name], content))
            except (ValueError, OverflowError):
                row[name] = "!"
        rows.append(row)
    return rows


def by_pyshp(path, encoding, fields):
    """The same by pyshp, which knows the types of dBASE III only, and takes what it can't read for no value."""
    rows = []
    with shapefile.Reader(dbf=str(path), encoding=encoding, encodingErrors="replace") as reader:
        for record in reader.iterRecords():
            rows.append({name: told(record[name]) for name, kind, *_ in fields if kind in "CNFLD"})
    return rows


lines = []
for round in range(rounds):
    path = folder / f"{round}.dbf"
    encoding, fields, ids, nulls, zeros, doubtful = write(path)
    first = by_dbfread(path, encoding, fields)
    try:
        second = by_pyshp(path, encoding, fields)
    except (shapefile.ShapefileException, KeyError, OverflowError):
        # It knows no field of FoxPro.
        second = [{}] * len(first)
    for (record, key), one, other in zip(ids.items(), first, second):
        for name, *_ in fields:
            readings = {one[name], other.get(name, one[name])}
            if len(readings) == 2:
                # pyshp takes what it can't read for no value; that is what nobody else may do.
                readings = (readings - {"-"}) | {"!"}
            if (record, name) in doubtful:
                readings.add("!")
            if (record, name) in nulls | zeros:
                # Neither knows of null flags, and pyshp alone that nothing was ever written to bytes of zero.
                readings = {"-"}
            lines.append("\t".join([str(round), key, name, "|".join(sorted(readings))]))
(folder / "expected").write_text("\n".join(lines) + "\n")
