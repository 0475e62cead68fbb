// The curve of a catchment over time: now, as of the tag, over all scenarios, and what was measured.

class Hydrograph extends Plot {
  constructor(figure) {
    super(figure);
    this.isLog = false;
    this.window = null; // of time, if not all of it is shown
    const button = name => figure.querySelector(`[data-do="${name}"]`);
    button('nearer').addEventListener('click', () => this.#zoom(0.5));
    button('farther').addEventListener('click', () => this.#zoom(2));
    button('earlier').addEventListener('click', () => this.#shift(-0.5));
    button('later').addEventListener('click', () => this.#shift(0.5));
    button('whole').addEventListener('click', () => this.#window(null));
    button('log').addEventListener('change', event => {
      this.isLog = event.target.checked;
      this.draw();
    });
    this.beside = new Beside(figure.querySelector('details'), () => this.#table());
  }

  drawNow() {
    const { facts, series, gauges } = report;
    const { catchment, variable, scenario } = choice;
    const what = facts.variables[variable];
    this.curve = what ? series.of(catchment, variable, scenario) : null;
    this.figure.querySelector('.axis').textContent = what ? titled(what) : '';
    this.beside.renew();
    if (!this.curve?.now && !this.curve?.then) {
      this.room.removeAttribute('aria-label');
      this.figure.querySelector('.thinned').textContent = '';
      return this.say(...this.#why(what));
    }
    this.gauge = gauges.get(`${catchment} ${variable}`);
    const { times, isWhole, width } = this.curve;
    this.data = [times];
    const lines = [];
    const bands = [];
    const entries = [];
    const values = this.isLog ? positive : known;
    const lows = side => (this.isLog ? footed(side) : known(side.low));
    // One line for what is whole, else the room between the least and the greatest of each bucket.
    const add = (side, mark, name, colour, fill, more) => {
      if (!side) return;
      const line = { stroke: theme.colour(colour), points: { show: false, size: 3, fill: theme.colour(colour), filter: mark === 'band' ? () => null : alone }, spanGaps: false, ...more };
      entries.push([mark, name, side]);
      this.data.push(values(side.high));
      lines.push(line);
      if (side.high === side.low) return;
      this.data.push(lows(side));
      lines.push({ ...line });
      bands.push({ series: [this.data.length - 2, this.data.length - 1], fill: theme.colour(fill) });
    };
    add(this.curve.band, 'band', 'all scenarios', 'clear', 'band', { width: 0 });
    add(this.curve.then, 'then', facts.since ? `as of ${facts.since}` : 'before', 'then', 'then-fill', { width: 1.25, dash: [5, 4] });
    add(this.curve.now, 'now', 'now', 'water', 'water-fill', { width: isWhole ? 1.5 : 1 });
    if (this.gauge) entries.push(['observed', 'measured', null]);
    this.name(entries);
    this.entries = entries;
    this.room.setAttribute('aria-label', this.#words(what));
    this.#note(isWhole, width);
    const { y, x } = this.#scales();
    const dates = report.series.time ? axis({ values: timeLabels, space: 52, size: 42 }) : axis({ size: 30 });
    this.put({
      tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: { x, y }, axes: [dates, amounts(this.isLog ? 16 : 34)], series: [{}, ...lines], bands,
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: true } },
      hooks: { draw: [plot => this.#measured(plot)], setCursor: [plot => this.#tell(plot)], setScale: [(plot, key) => key === 'x' && this.#remember(plot)] },
    }, this.data);
  }

  #scales() {
    const [first, last] = [this.data[0][0], this.data[0].at(-1)];
    const range = (plot, low, high) => {
      const [from, to] = [plot.scales.x.min ?? first, plot.scales.x.max ?? last];
      let [least, greatest] = [low ?? Infinity, high ?? -Infinity];
      this.#eachMeasured(from, to, (_, value) => {
        if (this.isLog && value <= 0) return;
        least = Math.min(least, value);
        greatest = Math.max(greatest, value);
      });
      if (!(greatest >= least)) return this.isLog ? [0.1, 1] : [0, 1];
      if (this.isLog) return logRange(least, greatest);
      // From 0, where all is above: a curve cut off below looks more lively than it is.
      const room = (greatest - Math.min(0, least)) * 0.05 || Math.abs(greatest) * 0.1 || 1;
      return [least >= 0 ? 0 : least - room, greatest > 0 || least >= 0 ? greatest + room : 0];
    };
    const shown = this.window ?? [first, last > first ? last : first + 1];
    return {
      x: { time: !!report.series.time, min: shown[0], max: shown[1] },
      y: { distr: this.isLog ? 3 : 1, range },
    };
  }

  #eachMeasured(from, to, visit) {
    if (!this.gauge) return;
    const { times, values } = this.gauge;
    for (let at = 0; at < times.length; at++) if (times[at] >= from && times[at] <= to && Number.isFinite(values[at])) visit(times[at], values[at]);
  }

  // What was measured is drawn as points, on top.
  #measured(plot) {
    if (!this.gauge) return;
    const { ctx } = plot;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    ctx.fillStyle = theme.colour('measured');
    const { min, max } = plot.scales.x;
    const radius = (plot.bbox.width / ratio / Math.max(1, this.gauge.times.length) > 4 ? 2.2 : 1.4) * ratio;
    ctx.beginPath();
    this.#eachMeasured(min, max, (time, value) => {
      if (this.isLog && value <= 0) return;
      const [x, y] = [plot.valToPos(time, 'x', true), plot.valToPos(value, 'y', true)];
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 7);
    });
    ctx.fill();
    ctx.restore();
  }

  // The values at the cursor, in the key.
  #tell(plot) {
    const { idx } = plot.cursor;
    const step = report.series.time;
    this.when.textContent = idx == null ? '' : step ? moment(this.data[0][idx]) : `step ${count(idx + 1)}`;
    this.entries.forEach(([mark, , side], at) => {
      let text = '';
      if (idx != null && side) text = side.low === side.high || side.low[idx] === side.high[idx] ? number(side.high[idx]) : `${number(side.low[idx], 3)} to ${number(side.high[idx], 3)}`;
      if (idx != null && mark === 'observed') text = number(this.#nearestMeasured(this.data[0][idx]));
      this.outputs[at].textContent = text;
    });
  }

  #nearestMeasured(time) {
    let [best, far] = [NaN, (this.data[0][1] - this.data[0][0]) * 1.01 || Infinity];
    this.#eachMeasured(time - far, time + far, (when, value) => {
      if (Math.abs(when - time) < far) [best, far] = [value, Math.abs(when - time)];
    });
    return best;
  }

  // Why there is nothing to draw, and where there is.
  #why(what) {
    const { facts, arrays, series } = report;
    if (!what) {
      const hasResults = facts.colours.some(({ kind, values }) => kind !== 'status' && arrays.get(values).some(Number.isFinite));
      return [hasResults ? 'The product has no variables with curves.' : 'There are no curves: nothing has a result.'];
    }
    const { catchment, variable, scenario } = choice;
    const status = facts.colours.find(colour => colour.kind === 'status' && colour.scenario === scenario);
    const state = { 2: 'It failed', 3: 'It can’t be run', 255: 'It is not in this scenario' }[arrays.get(status?.values)?.[catchment]];
    const why = state ? `${state}, so there is no curve.` : 'There is no curve of this catchment.';
    const other = series.scenarioOf(catchment, variable);
    if (other < 0) return [why];
    const go = element('button', { type: 'button', onclick: () => choose({ scenario: other }) }, facts.scenarios[other]);
    const isCrowdedOut = !state && !series.hasRoom(catchment, variable, scenario);
    return [isCrowdedOut ? 'There was room for its curve in some scenarios only: ' : `${why} There is one in another scenario: `, go];
  }

  #note(isWhole, width) {
    const { time } = report.series;
    const long = time?.step ? span(time.step * width, 2) : `${number(width, 3)} steps`;
    const isBelow = this.isLog && this.entries.some(([, , side]) => side?.low.some(value => value <= 0));
    this.figure.querySelector('.thinned').textContent = (isWhole ? 'every step' : `least and greatest of every ${long}`) + (isBelow ? '; 0 is below the axis' : '');
  }

  #words(what) {
    const { now, then, times } = { ...this.curve, times: this.curve.times };
    const side = now ?? then;
    let peak = 0;
    side.high.forEach((value, at) => {
      if (!(side.high[peak] >= value) && Number.isFinite(value)) peak = at;
    });
    const when = report.series.time ? ` on ${day(times[peak])}, from ${day(times[0])} to ${day(times.at(-1))}` : '';
    return `Curve of ${titled(what)}, catchment ${report.ids[choice.catchment]}: greatest ${number(side.high[peak])}${when}. Arrow keys move along it; a table is below.`;
  }

  #zoom(factor) {
    const { min, max } = this.plot?.scales.x ?? {};
    const middle = this.plot?.cursor.idx != null ? this.data[0][this.plot.cursor.idx] : (min + max) / 2;
    const half = ((max - min) * factor) / 2;
    this.#window([middle - half, middle + half]);
  }

  #shift(part) {
    const { min, max } = this.plot?.scales.x ?? {};
    this.#window([min + (max - min) * part, max + (max - min) * part]);
  }

  // Shows a part of the time, as long as it is, within what there is.
  #window(wanted) {
    if (!this.plot) return;
    const [first, last] = [this.data[0][0], this.data[0].at(-1)];
    let [from, to] = wanted ?? [first, last];
    const least = ((last - first) / (this.data[0].length - 1)) * 4;
    if (to - from < least) [from, to] = [(from + to - least) / 2, (from + to + least) / 2];
    const move = Math.max(0, first - from) - Math.max(0, to - last);
    [from, to] = [Math.max(first, from + move), Math.min(last, to + move)];
    this.plot.setScale('x', { min: from, max: to });
  }

  #remember(plot) {
    const [first, last] = [this.data[0][0], this.data[0].at(-1)];
    const { min, max } = plot.scales.x;
    this.window = min > first || max < last ? [min, max] : null;
  }

  // The finest periods of which there are at most forty, each with its least and greatest.
  #table() {
    if (!this.curve?.now && !this.curve?.then) return 'There is no curve.';
    const { times, now, then } = this.curve;
    const names = !report.series.time ? [(_, at) => `steps from ${Math.floor(at / Math.ceil(times.length / 40)) * Math.ceil(times.length / 40) + 1}`]
      : [time => moment(time), time => day(time), time => day(time).slice(0, 7), time => day(time).slice(0, 4)];
    const grouped = names.map(name => {
      const groups = new Map();
      for (let at = 0; at < times.length && groups.size <= 40; at++) {
        const key = name(times[at], at);
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(at);
      }
      return groups;
    });
    const groups = grouped.find(each => each.size <= 40) ?? grouped.at(-1);
    const sides = [['now', now], [report.facts.since ? 'as of the tag' : 'before', then]].filter(([, side]) => side);
    const far = (values, places, best) => number(places.reduce((far, at) => (Number.isFinite(values[at]) ? best(far ?? values[at], values[at]) : far), undefined));
    const rows = [...groups].map(([period, places]) => [period, ...sides.flatMap(([, side]) => [far(side.low, places, Math.min), far(side.high, places, Math.max)])]);
    const columns = ['UTC', ...sides.flatMap(([name]) => [`least, ${name}`, `greatest, ${name}`])];
    return table(`${titled(report.facts.variables[choice.variable])}: catchment ${report.ids[choice.catchment]}`, columns, rows);
  }
}
