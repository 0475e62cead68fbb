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
    if (map.ring_points) this.#outline(map, arrays);
    this.side = this.#side();
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
  static #metres({ proj, edges, width }) {
    return proj && edges && width ? (edges[2] - edges[0]) / width : null;
  }

  // Rings as points, one after the other; each point is told as what it differs by from the one before.
  #outline(map, arrays) {
    const steps = arrays.get(map.ring_points);
    [this.pointEnds, this.catchmentRings] = [map.ring_ends, map.catchment_rings].map(name => arrays.get(name));
    this.points = new Uint16Array(steps.length);
    for (let at = 0; at < steps.length; at++) this.points[at] = steps[at] + (at < 2 ? 0 : this.points[at - 2]);
    this.boxes = new Float32Array(this.count * 4);
    for (let at = 0; at < this.count; at++) {
      const [first, last] = this.rings(at);
      // A catchment without rings is a point.
      const [x, y] = [this.centres[2 * at], this.centres[2 * at + 1]];
      const box = last > first ? [Infinity, Infinity, -Infinity, -Infinity] : [x, y, x, y];
      const start = first ? this.pointEnds[first - 1] : 0;
      const end = last > first ? this.pointEnds[last - 1] : start;
      for (let point = 2 * start; point < 2 * end; point += 2) {
        const [x, y] = [this.points[point], this.points[point + 1]];
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
      }
      this.boxes.set(box, at * 4);
    }
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
    }
    const near = this.nearest(x, y, (dx, dy, at) => !this.boxes || this.path(at) == null);
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
