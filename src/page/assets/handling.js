// What hands and keys do with the map: point, click, drag, pinch, wheel, arrows.

class Handling {
  #down = new Map(); // pointers on the map, by id
  #moved = 0;

  constructor(view, note, describe) {
    this.view = view;
    this.note = note;
    this.describe = describe;
    const { canvas } = view;
    canvas.addEventListener('pointerdown', event => this.#press(event));
    canvas.addEventListener('pointermove', event => this.#move(event));
    canvas.addEventListener('pointerup', event => this.#release(event));
    canvas.addEventListener('pointercancel', event => this.#down.delete(event.pointerId));
    canvas.addEventListener('pointerleave', () => this.#hover(-1));
    canvas.addEventListener('dblclick', event => this.#zoom(2, event.offsetX, event.offsetY));
    canvas.addEventListener('wheel', event => this.#wheel(event), { passive: false });
    canvas.addEventListener('keydown', event => this.#key(event));
  }

  #press(event) {
    if (event.button) return; // of a mouse, any but the first
    this.#down.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.#moved = 0;
    this.view.canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const now = [event.offsetX, event.offsetY];
    const before = this.#down.get(event.pointerId);
    if (!before) return this.#hover(this.view.at(...now), ...now);
    this.#moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    const others = [...this.#down].filter(([id]) => id !== event.pointerId);
    if (others.length === 1) {
      const other = others[0][1];
      const far = point => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.#zoom(far(now) / Math.max(1, far(before)), other[0], other[1]);
    } else if (this.view.zoom > 1) {
      const { scale, middle } = this.view;
      this.view.moveTo(middle[0] - (now[0] - before[0]) / scale, middle[1] - (now[1] - before[1]) / scale);
    }
    this.#down.set(event.pointerId, now);
  }

  #release(event) {
    const wasAlone = this.#down.size === 1;
    this.#down.delete(event.pointerId);
    if (!wasAlone || this.#moved > 6) return;
    const at = this.view.at(event.offsetX, event.offsetY);
    if (at >= 0) choose({ catchment: at });
  }

  #hover(at, x, y) {
    if (at !== this.view.hovered) {
      this.view.hovered = at;
      this.view.draw();
    }
    this.note.hidden = at < 0;
    if (at < 0) return;
    this.note.textContent = this.describe(at);
    const { clientWidth } = this.view.canvas;
    this.note.style.left = `${Math.min(x + 14, Math.max(0, clientWidth - this.note.offsetWidth - 4))}px`;
    this.note.style.top = `${y > 60 ? y - this.note.offsetHeight - 10 : y + 18}px`;
  }

  // Over the page a wheel scrolls the page; it zooms with Ctrl, or once the map was clicked into.
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.view.canvas) return;
    event.preventDefault();
    this.#zoom(2 ** (-event.deltaY / (event.deltaMode ? 12 : 240)), event.offsetX, event.offsetY);
  }

  #zoom(factor, x, y) {
    this.view.zoomBy(factor, x, y);
    // A finger scrolls the page over the whole map, and moves a part of it.
    this.view.canvas.style.touchAction = this.view.zoom > 1 ? 'none' : 'pan-x pan-y';
  }

  #key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrows[event.key]) {
      const at = this.view.shapes.towards(choice.catchment, ...arrows[event.key]);
      if (at >= 0) choose({ catchment: at });
    } else if (event.key === '+' || event.key === '=') this.#zoom(1.5);
    else if (event.key === '-') this.#zoom(1 / 1.5);
    else if (event.key === '0') this.#zoom(0);
    else return;
    event.preventDefault();
  }

  // For the buttons.
  buttons(nearer, farther, whole) {
    nearer.addEventListener('click', () => this.#zoom(1.5));
    farther.addEventListener('click', () => this.#zoom(1 / 1.5));
    whole.addEventListener('click', () => this.#zoom(0));
  }
}
