// The page as a whole: reads what it is about, and has everything drawn that depends on what is chosen.

const report = {
  facts: null, // what is drawn, as the schema of `rerunoff report --json` has it
  arrays: null, // the bulk of it
  ids: [],
  series: null,
  gauges: new Map(), // by catchment and variable
};

function readGauges() {
  for (const gauge of report.facts.gauges) {
    const [times, values] = [report.arrays.get(gauge.times), report.arrays.get(gauge.values)];
    report.gauges.set(`${gauge.catchment} ${gauge.variable}`, { ...gauge, times, values });
  }
}

// What is looked at first: what the address says, else a gauge, what changed most, the outlet.
function begin(shapes) {
  const { facts, ids } = report;
  const wanted = chosenBy(location.hash);
  const { upstream } = shapes ?? {};
  const outlet = upstream ? upstream.reduce((best, size, at) => (size > upstream[best] ? at : best), 0) : 0;
  const catchment = facts.gauges[0]?.catchment ?? facts.changes.find(changes => changes.changed)?.most[0].catchment ?? outlet;
  const first = facts.colours.find(colour => colour.kind === 'amount') ?? facts.colours[0];
  choose({
    catchment: Math.min(catchment, ids.length - 1),
    variable: facts.gauges[0]?.variable ?? 0,
    colour: first?.name ?? '',
    ...wanted,
  }, false);
}

// The colours of the chosen scenario.
const ownColours = () => report.facts.colours.filter(colour => colour.scenario === choice.scenario);

// The colour that is shown: a scenario that lacks the chosen one has its first instead.
function shownColour() {
  const own = ownColours();
  return own.find(each => each.name === choice.colour) ?? own[0];
}

// The scale of what is shown; a scenario without any colour has none.
function scaleOfChoice() {
  const colour = shownColour();
  return colour ? new Scale(colour, choice.show, ownColours().find(each => each.kind === 'status'), report.arrays) : null;
}

function drawMap(shapes) {
  const figure = byId('map');
  const view = new MapView(figure.querySelector('canvas'), shapes);
  const describe = at => `${report.ids[at]}: ${view.colours.text(at)}`;
  const handling = new Handling(view, figure.querySelector('.note'), describe);
  handling.buttons(...['nearer', 'farther', 'whole'].map(name => figure.querySelector(`[data-do="${name}"]`)));
  const rivers = figure.querySelector('[data-do="rivers"]');
  rivers.closest('label').hidden = !shapes.downstream;
  view.withRivers = rivers.checked;
  rivers.addEventListener('change', () => {
    view.withRivers = rivers.checked;
    view.draw();
  });
  const legend = new Legend(figure.querySelector('.legend'), view.fills, at => {
    view.emphasis = at;
    view.draw();
  });
  const title = () => view.colours.title(report.facts.since ?? 'the tag');
  const beside = new Beside(figure.querySelector('details'), () => ranking(view.colours, title()));
  const colour = () => {
    view.colours = scaleOfChoice();
    if (!view.colours) return;
    legend.draw(view.colours, title());
    beside.renew();
    view.draw();
  };
  const say = () => {
    const text = view.colours ? describe(choice.catchment) : report.ids[choice.catchment];
    view.canvas.setAttribute('aria-label', `Map of the catchments. Chosen: ${text}. Arrow keys choose a neighbour, plus and minus zoom, 0 shows all; a table is below.`);
  };
  // Before the view draws with them.
  theme.listeners.unshift(() => {
    view.fills.forget();
    colour();
  });
  choice.listeners.push(news => {
    if (news.some(key => ['colour', 'show', 'scenario'].includes(key))) colour();
    if (news.includes('catchment')) view.show(choice.catchment);
    view.draw();
    say();
  });
}

// The choices above the pictures follow what is chosen, and the other way round.
function connect() {
  const fields = { colour: 'choose-colour', show: 'choose-show', scenario: 'choose-scenario', variable: 'choose-variable' };
  const isNumber = key => key === 'scenario' || key === 'variable';
  for (const [key, id] of Object.entries(fields)) {
    byId(id)?.addEventListener('change', event => choose({ [key]: isNumber(key) ? +event.target.value : event.target.value }));
  }
  const follow = () => {
    for (const [key, id] of Object.entries(fields)) if (byId(id)) byId(id).value = String(choice[key]);
    const own = ownColours();
    const colour = shownColour();
    for (const option of byId('choose-colour')?.options ?? []) option.disabled = !own.some(each => each.name === option.value);
    if (byId('choose-colour') && colour) byId('choose-colour').value = colour.name;
    for (const option of byId('choose-show')?.options ?? []) option.disabled = option.value !== 'now' && !colour?.then;
    if (byId('choose-show') && !colour?.then) byId('choose-show').value = 'now';
  };
  choice.listeners.push(follow);
  new Find(byId('find'), byId('found'));
  addEventListener('hashchange', () => choose(chosenBy(location.hash), false));
  // A link to a catchment chooses it, and shows where it is.
  document.addEventListener('click', event => {
    const link = event.target.closest?.('a[href^="#catchment="]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(chosenBy(link.getAttribute('href')));
    byId('catchments').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    byId('map')?.querySelector('canvas').focus({ preventScroll: true });
  });
}

async function start() {
  theme.start(byId('theme'));
  // Without anything to draw there is no room for it.
  if (!byId('catchments')) return;
  report.facts = JSON.parse(byId('facts').textContent);
  const { facts } = report;
  report.arrays = await Arrays.unpack(byId('arrays').textContent, facts.arrays);
  byId('arrays').remove();
  report.ids = report.arrays.get(facts.ids) ?? [];
  report.series = new Series(facts.curves, report.arrays);
  readGauges();
  const shapes = facts.map ? new Shapes(facts.map, report.arrays.get(facts.downstream), report.arrays) : null;
  connect();
  if (shapes) drawMap(shapes);
  const card = new Card(byId('card'));
  choice.listeners.push(() => card.draw());
  for (const plot of [new Hydrograph(byId('hydrograph')), new Duration(byId('duration'))]) choice.listeners.push(() => plot.draw());
  choice.catchment = -1;
  begin(shapes);
  document.documentElement.dataset.ready = '';
}

start().catch(error => {
  byId('trouble').hidden = false;
  byId('trouble').append(element('span', {}, ` (${error.message})`));
  throw error;
});
