// The map: catchments in the colours of a scale, rivers, the chosen one. Draws; what hands and keys do is in `handling.js`.

const MARGIN = 14;
const GREATEST_ZOOM = 60;

class MapView {
  constructor(canvas, shapes) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.shapes = shapes;
    this.fills = new Fills(this.context);
    this.zoom = 1;
    this.middle = [shapes.width / 2, shapes.height / 2];
    this.hovered = -1;
    this.emphasis = null; // the class that is not dimmed
    this.draw = soon(() => this.drawNow());
    new ResizeObserver(() => this.draw()).observe(canvas);
    theme.listeners.push(() => (theme.printing ? this.drawNow() : this.draw()));
  }

  // Pixels of the page for a unit of the map.
  get scale() {
    const { clientWidth, clientHeight } = this.canvas;
    const whole = Math.min((clientWidth - 2 * MARGIN) / this.shapes.width, (clientHeight - 2 * MARGIN) / this.shapes.height);
    return Math.max(whole, 1e-9) * this.zoom;
  }

  toMap(x, y) {
    const { clientWidth, clientHeight } = this.canvas;
    return [this.middle[0] + (x - clientWidth / 2) / this.scale, this.middle[1] + (y - clientHeight / 2) / this.scale];
  }

  toScreen(x, y) {
    const { clientWidth, clientHeight } = this.canvas;
    return [(x - this.middle[0]) * this.scale + clientWidth / 2, (y - this.middle[1]) * this.scale + clientHeight / 2];
  }

  // Zooms, with a point of the screen staying where it is.
  zoomBy(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const [fromX, fromY] = this.toMap(x, y);
    this.zoom = Math.min(GREATEST_ZOOM, Math.max(1, this.zoom * factor));
    const [toX, toY] = this.toMap(x, y);
    this.moveTo(this.middle[0] + fromX - toX, this.middle[1] + fromY - toY);
  }

  moveTo(x, y) {
    const { width, height } = this.shapes;
    const within = (value, size) => (this.zoom === 1 ? size / 2 : Math.min(size, Math.max(0, value)));
    this.middle = [within(x, width), within(y, height)];
    this.draw();
  }

  // Moves so that a catchment is seen.
  show(at) {
    if (this.zoom === 1 || !this.shapes.isPlaced(at)) return;
    const [x, y] = [this.shapes.centres[2 * at], this.shapes.centres[2 * at + 1]];
    const [left, top] = this.toScreen(x, y);
    const { clientWidth, clientHeight } = this.canvas;
    if (left < 30 || top < 30 || left > clientWidth - 30 || top > clientHeight - 30) this.moveTo(x, y);
  }

  at(x, y) {
    return this.shapes.at(...this.toMap(x, y), 10 / this.scale);
  }

  drawNow() {
    const { canvas, context } = this;
    if (!this.colours || !canvas.clientWidth) return;
    const sharpness = theme.printing ? Math.max(2, devicePixelRatio) : devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * sharpness), Math.round(canvas.clientHeight * sharpness)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.sharp = this.scale * sharpness;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(this.sharp, 0, 0, this.sharp, width / 2 - this.middle[0] * this.sharp, height / 2 - this.middle[1] * this.sharp);
    context.lineJoin = context.lineCap = 'round';
    const seen = this.#seen();
    this.#catchments(seen, sharpness);
    if (this.shapes.downstream && this.withRivers) this.#rivers(sharpness);
    if (this.hovered >= 0) this.#outline(this.hovered, 1.5 * sharpness, theme.colour('ink'));
    this.#outline(choice.catchment, 5 * sharpness, theme.colour('paper'));
    this.#outline(choice.catchment, 2.5 * sharpness, theme.colour('chosen'));
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    this.#bar();
  }

  // The catchments that are within the canvas.
  #seen() {
    const [left, top] = this.toMap(0, 0);
    const [right, bottom] = this.toMap(this.canvas.clientWidth, this.canvas.clientHeight);
    const { boxes, centres, side } = this.shapes;
    const seen = [];
    for (let at = 0; at < this.shapes.count; at++) {
      if (!this.shapes.isPlaced(at)) continue;
      const [x, y] = [centres[2 * at], centres[2 * at + 1]];
      const isSeen = boxes
        ? boxes[4 * at] <= right && boxes[4 * at + 2] >= left && boxes[4 * at + 1] <= bottom && boxes[4 * at + 3] >= top
        : x >= left - side && x <= right + side && y >= top - side && y <= bottom + side;
      if (isSeen) seen.push(at);
    }
    return seen;
  }

  #catchments(seen, sharpness) {
    const { context, colours, sharp } = this;
    const fills = colours.classes.map(entry => [this.fills.of(entry.fill, sharp), this.fills.edge(entry.fill)]);
    context.lineWidth = (0.7 * sharpness) / sharp;
    for (const at of seen) {
      const [fill, edge] = fills[colours.of[at]];
      context.globalAlpha = this.emphasis == null || this.emphasis === colours.of[at] ? 1 : 0.12;
      context.fillStyle = fill;
      const path = this.shapes.path(at);
      if (path) {
        context.fill(path, 'evenodd');
        context.strokeStyle = edge;
        context.stroke(path);
      } else this.#mark(at, sharpness);
    }
    context.globalAlpha = 1;
    const room = Math.sqrt((this.shapes.width * this.shapes.height) / Math.max(1, this.shapes.count)) * sharp;
    if (!this.shapes.paths || room < 12 * sharpness) return;
    context.strokeStyle = theme.colour('paper');
    context.lineWidth = (0.9 * sharpness) / sharp;
    for (const at of seen) if (this.shapes.path(at)) context.stroke(this.shapes.path(at));
  }

  // A point or a square.
  #mark(at, sharpness) {
    const { context, shapes } = this;
    const [x, y] = [shapes.centres[2 * at], shapes.centres[2 * at + 1]];
    if (shapes.kind === 'grid') {
      const half = shapes.side / 2 - Math.min(shapes.side * 0.04, sharpness / this.sharp);
      context.fillRect(x - half, y - half, 2 * half, 2 * half);
    } else {
      context.beginPath();
      context.arc(x, y, this.#radius(sharpness), 0, 7);
      context.fill();
    }
  }

  #radius(sharpness) {
    return Math.min(7 * sharpness, Math.max(1.6 * sharpness, this.shapes.side * 0.42 * this.sharp)) / this.sharp;
  }

  // Rivers run in bends from centre to centre, the wider the more catchments drain through them.
  #rivers(sharpness) {
    const { context, shapes } = this;
    const { centres, downstream, upstream } = shapes;
    const most = upstream.reduce((a, b) => Math.max(a, b), 1);
    const classes = [[], [], [], [], [], []];
    // Where there are many, springs would hide what is under them.
    const least = shapes.count > 2000 ? shapes.count / 2000 / this.zoom ** 2 : 0;
    for (let at = 0; at < shapes.count; at++) {
      if (downstream[at] < 0 || upstream[at] < least || !shapes.isPlaced(at) || !shapes.isPlaced(downstream[at])) continue;
      classes[Math.min(5, Math.floor((Math.log(upstream[at]) / Math.log(most + 1)) * 6))].push(at);
    }
    const centre = at => [centres[2 * at], centres[2 * at + 1]];
    const halfway = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    context.strokeStyle = theme.colour('river');
    classes.forEach((members, size) => {
      context.lineWidth = ((0.5 + 0.55 * size) * sharpness) / this.sharp;
      context.beginPath();
      for (const at of members) {
        const below = downstream[at];
        const middle = halfway(centre(at), centre(below));
        if (upstream[at] === 1) {
          context.moveTo(...centre(at));
          context.lineTo(...middle);
        }
        context.moveTo(...middle);
        const next = downstream[below];
        if (next >= 0 && shapes.isPlaced(next)) context.quadraticCurveTo(...centre(below), ...halfway(centre(below), centre(next)));
        else context.lineTo(...centre(below));
      }
      context.stroke();
    });
  }

  #outline(at, width, colour) {
    const { context, shapes } = this;
    if (!(at >= 0) || !shapes.isPlaced(at)) return;
    context.strokeStyle = colour;
    context.lineWidth = width / this.sharp;
    const path = shapes.path(at);
    const [x, y] = [shapes.centres[2 * at], shapes.centres[2 * at + 1]];
    // What would hardly be seen is encircled.
    const isSmall = path && shapes.boxes[4 * at + 2] - shapes.boxes[4 * at] < 12 / this.scale;
    if (path && !isSmall) return context.stroke(path);
    context.beginPath();
    if (shapes.kind === 'grid') context.rect(x - shapes.side / 2, y - shapes.side / 2, shapes.side, shapes.side);
    else context.arc(x, y, Math.max(this.#radius(this.sharp / this.scale), 8 / this.scale), 0, 7);
    context.stroke();
  }

  // How long so many kilometres are.
  #bar() {
    if (!this.shapes.metres) return;
    const { context } = this;
    const metres = nice((this.shapes.metres * 60) / this.scale);
    const length = (metres / this.shapes.metres) * this.scale;
    const [x, y] = [MARGIN, this.canvas.clientHeight - MARGIN];
    context.globalAlpha = 0.8;
    context.fillStyle = theme.colour('sheet');
    context.fillRect(x - 6, y - 22, length + 12, 28);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = theme.colour('soft');
    context.lineWidth = 1;
    context.lineCap = 'butt';
    context.beginPath();
    context.moveTo(x + 0.5, y - 4);
    context.lineTo(x + 0.5, y + 0.5);
    context.lineTo(x + length, y + 0.5);
    context.lineTo(x + length, y - 4);
    context.stroke();
    context.font = `12px ${theme.colour('sans')}`;
    context.fillText(metres >= 1000 ? `${number(metres / 1000)} km` : `${number(metres)} m`, x + 5, y - 5);
  }
}
