// What the map shows of each catchment, put into classes with a colour each. Amounts in viridis, changes from brown (less) to
// green (more): both can be told apart by the colour-blind, the second in the dark, too.

const VIRIDIS = ['440154', '482475', '414487', '355f8d', '2a788e', '21918c', '22a884', '44bf70', '7ad151', 'bddf26', 'fde725'];
const CHANGE = ['8c510a', 'bf812d', 'dfc27d', 'f0dfba', 'dfe2df', 'bfe3de', '80cdc1', '35978f', '01665e'];
const CHANGE_IN_THE_DARK = ['f0a94e', 'c5833a', '8f6534', '5f4a33', '343b40', '2f5552', '2f7d76', '3fa89d', '74dccf'];

// What can be shown of an amount. `is_change` has its 0 in the middle.
const SHOWN = {
  now: { title: () => '', of: now => now },
  then: { title: since => `, ${since}`, of: (_, then) => then },
  change: { title: since => `, change since ${since}`, of: (now, then) => now - then, is_change: true },
  percent: { title: since => `, change since ${since}`, of: (now, then) => (now === then ? 0 : ((now - then) / Math.abs(then)) * 100), is_change: true },
};

// What is no amount: each has a fill of its own, so that none is taken for another.
const SPECIAL = {
  failed: { label: 'failed', fill: 'failed' },
  barred: { label: 'can’t be run', fill: 'barred' },
  zero: { label: 'was 0', fill: 'zero' },
  missing: { label: 'no value', fill: 'missing' },
  absent: { label: 'not in this scenario', fill: 'absent' },
};
const STATUS = ['fresh', 'stale', 'failed', 'barred'];

function between(stops, share) {
  const at = share * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const part = stop => [0, 2, 4].map(from => parseInt(stop.slice(from, from + 2), 16));
  const [a, b] = [part(stops[low]), part(stops[low + 1])];
  return `rgb(${a.map((value, channel) => Math.round(value + (b[channel] - value) * (at - low))).join(' ')})`;
}

// The next greater of 1, 2, 2.5 and 5 times a power of ten.
function nice(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 2.5, 5, 10].find(step => step * power >= size * (1 - 1e-9)) * power;
}

const rounded = (value, digits) => +value.toPrecision(digits);

// Rounded to two digits away from what lies between.
function outward(value, direction) {
  if (!value) return 0;
  const power = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return rounded((direction > 0 ? Math.ceil(value / power - 1e-9) : Math.floor(value / power + 1e-9)) * power, 2);
}

// Edges of classes with about as many values each: what is skewed is seen by its ranks.
function quantileEdges(sorted, classes) {
  const cuts = [];
  for (let cut = 1; cut < classes; cut++) cuts.push(rounded(sorted[Math.floor((cut / classes) * sorted.length)], 2));
  const inner = [...new Set(cuts)].filter(edge => edge > sorted[0] && edge < sorted.at(-1));
  return [outward(sorted[0], -1), ...inner, outward(sorted.at(-1), 1)];
}

// Edges of classes of the same width, at numbers that people would choose.
function evenEdges(low, high, classes) {
  if (!(high > low)) return [low, high];
  const step = nice((high - low) / classes);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, at) => rounded((first + at) * step, 10));
}

// Edges to both sides of 0, by the size that all but one in fifty have.
function changeEdges(sizes) {
  sizes.sort();
  const step = nice((sizes[Math.floor(sizes.length * 0.98)] || sizes.at(-1) || 1) / 4);
  return [-3, -2, -1, 0, 1, 2, 3].map(times => rounded(times * step, 10));
}

class Scale {
  // `colour` in a scenario, `status` of the same scenario (or null).
  constructor(colour, show, status, arrays) {
    this.colour = colour;
    this.show = colour.then ? show : 'now';
    this.kind = colour.kind === 'status' ? 'status' : SHOWN[this.show].is_change ? 'change' : 'amount';
    this.units = this.show === 'percent' ? '% of what it was' : unitsOf(colour.units);
    const now = arrays.get(colour.values);
    const then = arrays.get(colour.then);
    this.of = new Uint8Array(now.length);
    this.now = now;
    this.then = then;
    if (this.kind === 'status') return this.#states(now);
    const of = SHOWN[this.show].of;
    this.values = Float64Array.from(now, (value, at) => of(value, then?.[at]));
    this.#amounts(status && arrays.get(status.values));
  }

  #states(now) {
    this.values = now;
    this.classes = STATUS.map(fill => SPECIAL[fill] ?? { label: fill, fill });
    this.classes.push(SPECIAL.absent);
    this.#number(at => (now[at] < 4 ? now[at] : 4));
  }

  #amounts(states) {
    const finite = this.values.filter(Number.isFinite);
    finite.sort();
    const isChange = this.kind === 'change';
    if (!finite.length) this.edges = [];
    else if (isChange) this.edges = changeEdges(finite.map(Math.abs).filter(size => size > 0));
    else this.edges = this.colour.is_skewed ? quantileEdges(finite, 8) : evenEdges(finite[0], finite.at(-1), 7);
    this.classes = isChange && finite.length ? this.#changes() : this.#steps();
    const specials = Object.keys(SPECIAL);
    const first = this.classes.length;
    for (const name of specials) this.classes.push(SPECIAL[name]);
    this.#number(at => {
      const value = this.values[at];
      if (Number.isFinite(value)) return this.#classOf(value);
      return first + specials.indexOf(this.#why(at, states?.[at]));
    });
  }

  #why(at, state) {
    if (state === 255) return 'absent';
    if (Number.isNaN(this.now[at]) && state === 2) return 'failed';
    if (Number.isNaN(this.now[at]) && state === 3) return 'barred';
    return this.then && this.then[at] === 0 && this.now[at] !== 0 && !Number.isNaN(this.now[at]) ? 'zero' : 'missing';
  }

  #steps() {
    const many = Math.max(1, this.edges.length - 1);
    const low = theme.isDark ? 0.12 : 0;
    return this.edges.slice(1).map((high, at) => ({
      label: `${number(this.edges[at], 3)} to ${number(high, 3)}`,
      fill: between(VIRIDIS, low + (1 - low) * (many === 1 ? 0.5 : at / (many - 1))),
    }));
  }

  #changes() {
    const stops = theme.isDark ? CHANGE_IN_THE_DARK : CHANGE;
    const [a, b, c, , d, e, f] = this.edges.map(edge => signed(edge, 3));
    const labels = [`below ${a}`, `${a} to ${b}`, `${b} to ${c}`, `${c} to 0`, 'unchanged', `0 to ${d}`, `${d} to ${e}`, `${e} to ${f}`, `above ${f}`];
    return labels.map((label, at) => ({ label, fill: `#${stops[at]}` }));
  }

  #classOf(value) {
    if (this.kind === 'change') {
      const place = this.edges.filter(edge => (edge < 0 ? value >= edge : edge > 0 ? value > edge : value > 0)).length;
      return value === 0 ? 4 : value > 0 ? place + 1 : place;
    }
    let at = 0;
    while (at < this.edges.length - 2 && value >= this.edges[at + 1]) at++;
    return at;
  }

  #number(classOf) {
    this.classes = this.classes.map(entry => ({ ...entry, count: 0 }));
    for (let at = 0; at < this.of.length; at++) {
      this.of[at] = classOf(at);
      this.classes[this.of[at]].count++;
    }
  }

  // What it is called, with its units.
  title(since) {
    const { name, long_name } = this.colour;
    return [(long_name || name) + SHOWN[this.show].title(since), this.units].filter(Boolean).join(', ');
  }

  // The value of a catchment in words.
  text(catchment) {
    const entry = this.classes[this.of[catchment]];
    if (this.kind === 'status' || !Number.isFinite(this.values[catchment])) return entry.label;
    const value = this.kind === 'change' ? signed(this.values[catchment]) : number(this.values[catchment]);
    return this.show === 'percent' ? `${value} %` : withUnits(value, this.units);
  }
}
