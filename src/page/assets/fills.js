// How classes are painted: colours, and hatchings for what is no amount, which are told apart without colour, too.

class Fills {
  #context;
  #known = new Map();

  constructor(context) {
    this.#context = context;
  }

  // After the theme has changed.
  forget() {
    this.#known.clear();
  }

  // For a fill of a class. `scale`: pixels of the screen for a unit of what is drawn; hatchings have the same size at each.
  of(fill, scale) {
    if (/^(#|rgb)/.test(fill)) return fill;
    const drawn = this.#made(fill);
    drawn.setTransform?.(new DOMMatrix().scale(1 / scale));
    return drawn;
  }

  // The colour of the edge around it, by which neighbours join without a seam.
  edge(fill) {
    if (/^(#|rgb)/.test(fill)) return fill;
    return theme.colour(`fill-${fill}`);
  }

  #made(fill) {
    if (this.#known.has(fill)) return this.#known.get(fill);
    const made = ['failed', 'barred', 'missing'].includes(fill) ? this.#hatched(fill) : theme.colour(`fill-${fill}`);
    this.#known.set(fill, made);
    return made;
  }

  #hatched(fill) {
    const size = Math.round(6 * devicePixelRatio);
    const tile = new OffscreenCanvas(size, size);
    const context = tile.getContext('2d');
    context.fillStyle = theme.colour('sheet');
    context.fillRect(0, 0, size, size);
    context.strokeStyle = context.fillStyle = theme.colour(`fill-${fill}`);
    context.lineWidth = size / (fill === 'failed' ? 2.6 : 5);
    context.beginPath();
    if (fill === 'missing') context.arc(size / 2, size / 2, size / 7, 0, 7);
    for (const shift of fill === 'missing' ? [] : [-size, 0, size]) {
      context.moveTo(shift - 1, size + 1);
      context.lineTo(shift + size + 1, -1);
      if (fill === 'barred') {
        context.moveTo(shift - 1, -1);
        context.lineTo(shift + size + 1, size + 1);
      }
    }
    if (fill === 'missing') context.fill();
    else context.stroke();
    return this.#context.createPattern(tile, 'repeat');
  }
}
