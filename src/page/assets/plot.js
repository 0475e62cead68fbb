// What all plots of curves have in common: axes in the page's own colours and wording, a key that tells values, keys of the keyboard.

const axisFont = () => `12px ${theme.colour('sans')}`;

// An axis in the colours of the theme.
const axis = more => ({
  stroke: theme.colour('soft'), font: axisFont(), grid: { stroke: theme.colour('grid'), width: 1 },
  ticks: { stroke: theme.colour('grid'), width: 1, size: 5 }, ...more,
});

// Labels of a time axis, with the day or the year below where it changes.
function timeLabels(_, splits, __, ___, step) {
  let before = '';
  return splits.map(split => {
    if (split == null) return '';
    const { year, month, day, hour, minute } = calendar(split);
    const [above, below] = step >= 360 * 86400 ? [year, '']
      : step >= 28 * 86400 ? [MONTHS[month], year]
        : step >= 86400 ? [`${day} ${MONTHS[month]}`, year]
          : [`${two(hour)}:${two(minute)}`, `${day} ${MONTHS[month]} ${year}`];
    const isNew = String(below) !== before;
    before = String(below);
    return isNew && below !== '' ? `${above}\n${below}` : String(above);
  });
}

// Of a logarithmic axis powers of ten are marked, and where these are few also 2 and 5 times these; of another one all.
function marked(plot, splits) {
  const scale = plot.scales.y;
  if (scale.distr !== 3) return splits;
  const decades = Math.log10(scale.max / scale.min);
  return splits.map(split => {
    if (!split) return null;
    const lead = Math.round(split / 10 ** Math.floor(Math.log10(split) + 1e-9));
    return lead === 1 || (decades < 2.5 && (lead === 2 || lead === 5)) ? split : null;
  });
}

// The axis of amounts.
const amounts = space => axis({
  scale: 'y', space, size: labelRoom, filter: marked,
  values: (_, splits) => splits.map(split => (split == null ? '' : number(split))),
  grid: { stroke: theme.colour('grid'), width: 1, filter: marked },
  ticks: { stroke: theme.colour('grid'), width: 1, size: 5, filter: marked },
});

// The width that the labels of an amount need.
function labelRoom(plot, values) {
  if (!values) return 50;
  const context = plot.ctx;
  context.save();
  context.font = axisFont();
  const widest = Math.max(...values.map(value => context.measureText(value ?? '').width));
  context.restore();
  return Math.max(44, Math.ceil(widest) + 16);
}

// The least and the greatest of a logarithmic axis, at 1, 2 or 5 times a power of ten, over at most six of these.
function logRange(low, high) {
  if (!(high > 0)) return [0.1, 1];
  const step = (value, round) => {
    const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
    const steps = [1, 2, 5, 10].map(times => times * power);
    return round > 0 ? steps.find(each => each >= value * (1 - 1e-9)) : steps.findLast(each => each <= value * (1 + 1e-9));
  };
  const top = step(high, 1);
  const bottom = step(Math.max(low > 0 ? low : high, top * 1e-6), -1);
  return bottom < top ? [bottom, top] : [bottom / 2, top * 2];
}

const positive = values => Array.from(values, value => (value > 0 && Number.isFinite(value) ? value : null));
const known = values => Array.from(values, value => (Number.isFinite(value) ? value : null));

// The least of each bucket on a logarithmic axis. Where it is not above 0 it is drawn at the least value that is, so that the peak above
// it has a foot.
function footed({ low, high }) {
  const tops = positive(high);
  const foot = [...positive(low), ...tops].reduce((least, value) => (value == null ? least : Math.min(least, value)), Infinity);
  return Array.from(low, (value, at) => (tops[at] == null || !Number.isFinite(value) ? null : Math.max(value, foot)));
}

// The places of values with a gap on both sides, through which no line goes: they are drawn as points.
function alone(plot, line) {
  const values = plot.data[line];
  const places = values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
  return places.length ? places : null;
}

// A picture of curves in a figure, drawn anew when something changes and when its room does.
class Plot {
  constructor(figure) {
    this.figure = figure;
    this.room = figure.querySelector('.plot');
    this.key = figure.querySelector('.key');
    this.draw = soon(() => this.drawNow());
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.room);
    this.room.addEventListener('keydown', event => this.onKey(event));
    theme.listeners.push(() => (theme.printing ? this.drawNow() : this.draw()));
  }

  size() {
    return { width: Math.max(120, this.room.clientWidth), height: Math.max(120, this.room.clientHeight) };
  }

  put(options, data) {
    this.plot?.destroy();
    this.room.replaceChildren();
    this.plot = new uPlot({ ...this.size(), legend: { show: false }, padding: [10, 12, 0, 0], ...options }, data, this.room);
  }

  // Where there is nothing to draw, why.
  say(...parts) {
    this.plot?.destroy();
    this.plot = null;
    this.room.replaceChildren(element('p', { class: 'empty' }, ...parts));
    this.key.replaceChildren();
  }

  // The key: a mark, a name and room for a value each. `entries`: [class of the mark, name].
  name(entries) {
    this.outputs = entries.map(() => element('output'));
    this.when = this.figure.querySelector('.when');
    this.key.replaceChildren(...entries.map(([mark, name], at) =>
      element('span', { class: 'entry' }, element('span', { class: `mark ${mark}` }), name, ' ', this.outputs[at])));
  }

  // Arrows move the cursor from value to value.
  onKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.plot || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [first, last] = this.plot.series[0].idxs;
    const from = this.plot.cursor.idx ?? (step > 0 ? first - 1 : last + 1);
    const many = Math.max(1, Math.round((last - first) / 120));
    const at = Math.min(last, Math.max(first, from + step * many));
    this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][at], 'x'), top: 10 });
  }
}
