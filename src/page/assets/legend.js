// The legend of the map, which is a histogram, too: a bar for each class, how many catchments it has, and what is no amount.

class Legend {
  constructor(root, fills, emphasise) {
    this.root = root;
    this.fills = fills;
    this.emphasise = emphasise;
  }

  draw(scale, title) {
    const isSteps = scale.kind !== 'status';
    const entries = scale.classes.map((entry, at) => ({ ...entry, at }));
    const steps = isSteps ? entries.filter(entry => !SPECIAL[entry.fill]) : [];
    const others = entries.filter(entry => (isSteps ? SPECIAL[entry.fill] : true) && entry.count);
    this.root.replaceChildren(
      element('p', { class: 'title' }, title),
      ...(steps.length ? [this.#bars(steps), this.#edges(scale, steps.length)] : []),
      element('div', { class: 'others' }, ...others.map(entry => this.#other(entry))));
    const most = Math.max(1, ...steps.map(entry => entry.count));
    for (const bar of this.root.querySelectorAll('.bar')) bar.style.height = `${(+bar.dataset.count / most) * 100}%`;
    for (const swatch of this.root.querySelectorAll('[data-fill]')) swatch.style.background = swatch.dataset.fill;
    this.#mark(null);
  }

  #bars(steps) {
    return element('div', { class: 'steps' }, ...steps.map(entry =>
      this.#button(entry, 'step',
        element('span', { class: 'room' }, element('span', { class: 'bar', 'data-count': entry.count, 'data-fill': entry.fill })),
        element('span', { class: 'swatch', 'data-fill': entry.fill }))));
  }

  // Edges are written below where classes meet, as many of them as there is room for.
  #edges(scale, steps) {
    const isChange = scale.kind === 'change';
    const texts = scale.edges.map(edge => (isChange ? signed(edge, 3) : number(edge, 3)));
    const room = (this.root.clientWidth || 320) / steps;
    const widths = texts.map(text => text.length * 7 + 8);
    // The first and the last are written within.
    const needed = widths.slice(1).map((width, at) => (widths[at] * (!isChange && at === 0 ? 2 : 1) + width * (!isChange && at === widths.length - 2 ? 2 : 1)) / 2);
    const every = Math.ceil(Math.max(...needed) / room);
    const marks = element('div', { class: 'edges', 'aria-hidden': 'true' });
    texts.forEach((text, at) => {
      // Between the third and the fourth edge of a change there is the class of what is unchanged.
      const place = isChange ? (at < 3 ? at + 1 : at > 3 ? at + 2 : 4.5) : at;
      // 0 and the ends stay.
      const from = isChange ? Math.abs(at - 3) : Math.min(at, texts.length - 1 - at);
      if (from % every) return;
      const mark = element('span', {}, text);
      mark.style.left = `${(place / steps) * 100}%`;
      if (place === 0) mark.className = 'first';
      if (place === steps) mark.className = 'last';
      marks.append(mark);
    });
    return marks;
  }

  #other(entry) {
    return this.#button(entry, 'other', this.#sample(entry), `${entry.label} `, element('b', {}, count(entry.count)));
  }

  // As it is on the map.
  #sample({ fill }) {
    const size = Math.round(18 * (theme.printing ? 2 : devicePixelRatio));
    const sample = element('canvas', { class: 'swatch', width: size, height: size });
    const context = sample.getContext('2d');
    context.fillStyle = this.fills.of(fill, 1);
    context.fillRect(0, 0, size, size);
    return sample;
  }

  #button(entry, kind, ...children) {
    const text = `${entry.label}: ${count(entry.count)} of the catchments`;
    return element('button', {
      type: 'button', class: kind, title: text, 'aria-label': text, 'aria-pressed': 'false', 'data-class': entry.at,
      onclick: event => this.#mark(event.currentTarget.getAttribute('aria-pressed') === 'true' ? null : entry.at),
    }, ...children);
  }

  #mark(at) {
    for (const button of this.root.querySelectorAll('button')) button.setAttribute('aria-pressed', String(+button.dataset.class === at && at != null));
    this.emphasise(at);
  }
}
