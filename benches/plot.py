"""A plot of lines over two logarithmic axes, as SVG text: all that the benchmarks need of a plotting library."""

import math
from html import escape

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 210, 40, 50
# Told apart by people with any colour vision (Okabe and Ito 2008).
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933"]


def lines(title, across, up, series):
    """`series`: (name, [(x, y), …]) each, all of it positive. A dashed line shows what linear growth looks like."""
    points = [point for _, line in series for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
    at_x = scale(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    at_y = scale(low, high, HEIGHT - BOTTOM, TOP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(LEFT, TOP - 18, title, size=14),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across, anchor="middle"),
        text(LEFT, TOP - 4, up),
    ]
    for x in sorted(set(xs)):
        out.append(line([(at_x(x), TOP), (at_x(x), HEIGHT - BOTTOM)], "#ddd"))
        out.append(text(at_x(x), HEIGHT - BOTTOM + 18, f"{x:,}", anchor="middle"))
    y = low
    while y <= high * 1.001:
        out.append(line([(LEFT, at_y(y)), (WIDTH - RIGHT, at_y(y))], "#ddd"))
        out.append(text(LEFT - 8, at_y(y) + 4, f"{y:g}", anchor="end"))
        y *= 10
    # From the lower left corner on; it leaves at the right or at the top.
    most = min(max(xs), min(xs) * high / low)
    out.append(line([(at_x(min(xs)), at_y(low)), (at_x(most), at_y(low * most / min(xs)))], "#999", dashed=True))
    ends = spread([at_y(points[-1][1]) + 4 for _, points in series])
    for (name, points), end, colour in zip(series, ends, COLOURS):
        places = [(at_x(x), at_y(y)) for x, y in points]
        out.append(line(places, colour, width=2))
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        out.append(text(WIDTH - RIGHT + 10, end, name, fill=colour))
    out.append(text(WIDTH - RIGHT + 10, HEIGHT - 12, "dashed: linear growth", fill="#777"))
    return "\n".join([*out, "</svg>"]) + "\n"


def scale(low, high, start, end):
    """From a value to its place on a logarithmic axis."""
    span = math.log(high / low) or 1
    return lambda value: start + (end - start) * math.log(value / low) / span


def spread(places, least=15):
    """The places of labels, moved down where they would lie on each other."""
    moved, lowest = dict.fromkeys(range(len(places))), -math.inf
    for index in sorted(moved, key=lambda index: places[index]):
        lowest = moved[index] = max(places[index], lowest + least)
    return [moved[index] for index in range(len(places))]


def line(places, colour, width=1, dashed=False):
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def text(x, y, words, anchor="start", fill="#222", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}">{escape(words)}</text>'
