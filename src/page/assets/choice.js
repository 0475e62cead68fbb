// What is chosen: the catchment, the scenario, what the map shows, the variable of the curves. It is in the address, so that a link of a
// table chooses a catchment and an address that is passed on shows the same.

const choice = {
  catchment: 0, // its place
  scenario: 0, // its place
  colour: '', // the name of what the map shows
  show: 'now', // of that: `now`, `then`, `change`, `percent`
  variable: 0, // its place
  listeners: [],
};

// Chooses, and tells everyone who draws. `changes` are members of `choice`.
function choose(changes, isByReader = true) {
  const news = Object.keys(changes).filter(key => choice[key] !== changes[key]);
  if (!news.length) return;
  Object.assign(choice, changes);
  for (const listener of choice.listeners) listener(news);
  if (isByReader) history.replaceState(null, '', address(choice.catchment));
}

// The address that shows a catchment as all else is chosen.
function address(catchment) {
  const parts = new URLSearchParams({ catchment: report.ids[catchment] });
  if (report.facts.scenarios.length > 1) parts.set('scenario', report.facts.scenarios[choice.scenario]);
  if (choice.colour) parts.set('colour', choice.colour);
  if (choice.show !== 'now') parts.set('show', choice.show);
  if (report.facts.variables.length > 1) parts.set('variable', report.facts.variables[choice.variable].name);
  return `#${parts}`;
}

// What an address chooses; what it names and is not there is left as it is.
function chosenBy(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  const changes = {};
  const place = (list, key) => (parts.has(key) ? list.indexOf(parts.get(key)) : -1);
  const catchment = place(report.ids, 'catchment');
  const scenario = place(report.facts.scenarios, 'scenario');
  const variable = place(report.facts.variables.map(({ name }) => name), 'variable');
  if (catchment >= 0) changes.catchment = catchment;
  if (scenario >= 0) changes.scenario = scenario;
  if (variable >= 0) changes.variable = variable;
  if (report.facts.colours.some(colour => colour.name === parts.get('colour'))) changes.colour = parts.get('colour');
  if (Object.hasOwn(SHOWN, parts.get('show') ?? '')) changes.show = parts.get('show');
  return changes;
}

// A link to a catchment.
const linkTo = catchment => element('a', { href: address(catchment) }, report.ids[catchment]);
