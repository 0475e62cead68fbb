// Where the catchments are: outlines, rivers, and which one is at a point. Knows neither colours nor the screen.

const NOT_PLACED = 65535;

class Shapes {
  constructor(map, downstream, arrays) {
    this.kind = map.kind;
    this.width = Math.max(1, map.width);
    this.height = Math.max(1, map.height);
    this.centres = arrays.get(map.centres);
    this.count = this.centres.length / 2;
    this.downstream = downstream;
    this.upstream = downstream ? Shapes.#upstream(downstream) : null;
    this.metres = Shapes.#metres(map);
    if (map.arc_points) this.#outline(map, arrays);
    else this.side = this.#side();
  }

  isPlaced(at) {
    return this.centres[2 * at] !== NOT_PLACED || this.centres[2 * at + 1] !== NOT_PLACED;
  }

  // How many catchments drain through each, itself included.
  static #upstream(downstream) {
    const above = new Uint32Array(downstream.length).fill(1);
    const waiting = new Uint32Array(downstream.length);
    for (const below of downstream) if (below >= 0) waiting[below]++;
    const ready = [...waiting.keys()].filter(at => !waiting[at]);
    for (let next = 0; next < ready.length; next++) {
      const below = downstream[ready[next]];
      if (below < 0) continue;
      above[below] += above[ready[next]];
      if (!--waiting[below]) ready.push(below);
    }
    return above;
  }

  // How many metres one unit of the map is; `null` where nobody knows.
  static #metres({ is_lon_lat, corners, width }) {
    if (!is_lon_lat || !corners) return null;
    const [left, lower, right, upper] = corners;
    return ((right - left) * Math.cos(((lower + upper) / 2) * (Math.PI / 180)) * 111195) / width;
  }

  // Rings as points, one after the other, from the arcs that neighbours share.
  #outline(map, arrays) {
    const [points, arcEnds, ringArcs] = [map.arc_points, map.arc_ends, map.ring_arcs].map(name => arrays.get(name));
    [this.ringEnds, this.catchmentRings] = [map.ring_ends, map.catchment_rings].map(name => arrays.get(name));
    const coordinates = [];
    this.pointEnds = new Uint32Array(this.ringEnds.length);
    this.boxes = new Float32Array(this.count * 4);
    let ring = 0;
    let used = 0;
    for (let at = 0; at < this.count; at++) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (; ring < this.catchmentRings[at]; ring++) {
        for (; used < this.ringEnds[ring]; used++) {
          const arc = ringArcs[used] < 0 ? -1 - ringArcs[used] : ringArcs[used];
          const first = arc ? arcEnds[arc - 1] : 0;
          const many = arcEnds[arc] - first;
          // The last point of an arc is the first of the next.
          for (let step = 0; step < many - 1; step++) {
            const point = 2 * (ringArcs[used] < 0 ? first + many - 1 - step : first + step);
            coordinates.push(points[point], points[point + 1]);
            box[0] = Math.min(box[0], points[point]);
            box[1] = Math.min(box[1], points[point + 1]);
            box[2] = Math.max(box[2], points[point]);
            box[3] = Math.max(box[3], points[point + 1]);
          }
        }
        this.pointEnds[ring] = coordinates.length / 2;
      }
      this.boxes.set(box, at * 4);
    }
    this.points = Uint16Array.from(coordinates);
    this.paths = new Array(this.count);
  }

  // The side of a square, or the room of a point.
  #side() {
    if (this.kind !== 'grid') return Math.sqrt((this.width * this.height) / Math.max(1, this.count)) * 0.9;
    let side = Infinity;
    for (let at = 1; at < this.count; at++) {
      const across = Math.abs(this.centres[2 * at] - this.centres[2 * at - 2]);
      if (across) side = Math.min(side, across);
    }
    return Number.isFinite(side) ? side : Math.max(this.width, this.height);
  }

  rings(at) {
    return [at ? this.catchmentRings[at - 1] : 0, this.catchmentRings[at]];
  }

  // The outline of a catchment; `null` without shapes, or if it has none.
  path(at) {
    const [first, last] = this.paths ? this.rings(at) : [0, 0];
    if (first === last) return null;
    if (this.paths[at]) return this.paths[at];
    const path = new Path2D();
    for (let ring = first; ring < last; ring++) {
      const start = ring ? this.pointEnds[ring - 1] : 0;
      for (let point = start; point < this.pointEnds[ring]; point++) {
        const [x, y] = [this.points[2 * point], this.points[2 * point + 1]];
        if (point === start) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
      path.closePath();
    }
    return (this.paths[at] = path);
  }

  // The catchment at a point of the map; -1 if there is none nearer than `reach`.
  at(x, y, reach) {
    if (this.boxes) {
      for (let at = 0; at < this.count; at++) if (this.#contains(at, x, y)) return at;
      return -1;
    }
    const near = this.nearest(x, y, () => true);
    if (near < 0) return -1;
    const far = Math.hypot(this.centres[2 * near] - x, this.centres[2 * near + 1] - y);
    return far <= Math.max(reach, this.side * 0.7) ? near : -1;
  }

  #contains(at, x, y) {
    const box = at * 4;
    if (x < this.boxes[box] || y < this.boxes[box + 1] || x > this.boxes[box + 2] || y > this.boxes[box + 3]) return false;
    const [first, last] = this.rings(at);
    let inside = false;
    for (let ring = first; ring < last; ring++) {
      const start = ring ? this.pointEnds[ring - 1] : 0;
      const end = this.pointEnds[ring];
      for (let point = start, before = end - 1; point < end; before = point++) {
        const [ax, ay] = [this.points[2 * point], this.points[2 * point + 1]];
        const [bx, by] = [this.points[2 * before], this.points[2 * before + 1]];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
      }
    }
    return inside;
  }

  // The catchment whose centre is nearest of those that are wanted; -1 without any.
  nearest(x, y, isWanted, cost = (dx, dy) => dx * dx + dy * dy) {
    let best = -1;
    let least = Infinity;
    for (let at = 0; at < this.count; at++) {
      if (!this.isPlaced(at)) continue;
      const [dx, dy] = [this.centres[2 * at] - x, this.centres[2 * at + 1] - y];
      const far = isWanted(dx, dy, at) ? cost(dx, dy) : Infinity;
      if (far < least) [best, least] = [at, far];
    }
    return best;
  }

  // The neighbour in a direction, for arrow keys.
  towards(from, across, down) {
    const [x, y] = [this.centres[2 * from], this.centres[2 * from + 1]];
    const ahead = (dx, dy) => dx * across + dy * down;
    const aside = (dx, dy) => Math.abs(dx * down - dy * across);
    const isWanted = (dx, dy, at) => at !== from && ahead(dx, dy) > 0 && ahead(dx, dy) >= aside(dx, dy);
    return this.nearest(x, y, isWanted, (dx, dy) => ahead(dx, dy) + 2 * aside(dx, dy));
  }
}
