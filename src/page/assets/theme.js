// Light or dark: as the system has it, or as the reader chooses. On paper it is always light.

const theme = {
  listeners: [],
  chosen: 'auto',
  printing: false,
  unfolded: [], // for the paper alone
  system: matchMedia('(prefers-color-scheme: dark)'),

  get isDark() {
    return !this.printing && (this.chosen === 'auto' ? this.system.matches : this.chosen === 'dark');
  },

  // A colour of the style sheet, for what is drawn.
  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  },

  // The dark rules are one block of the style sheet: when it applies is all that is changed.
  apply() {
    for (const rule of document.styleSheets[0].cssRules) {
      if (rule instanceof CSSMediaRule && [...rule.cssRules].some(inner => inner.selectorText === ':root')) {
        rule.media.mediaText = this.isDark ? 'screen' : 'not all';
      }
    }
    for (const listener of this.listeners) listener();
  },

  start(button) {
    const names = { auto: 'as the system', light: 'light', dark: 'dark' };
    const order = Object.keys(names);
    button.addEventListener('click', () => {
      this.chosen = order[(order.indexOf(this.chosen) + 1) % order.length];
      button.textContent = `Colours: ${names[this.chosen]}`;
      this.apply();
    });
    button.dataset.works = '';
    this.system.addEventListener('change', () => this.apply());
    addEventListener('beforeprint', () => this.print(true));
    addEventListener('afterprint', () => this.print(false));
  },

  // What is drawn gets the size that it has on paper, which a browser does not tell beforehand. What is folded is unfolded there, but for
  // the long tables beside pictures.
  print(printing) {
    this.printing = printing;
    document.documentElement.classList.toggle('printing', printing);
    if (printing) this.unfolded = [...document.querySelectorAll('main details:not([open], .beside)')];
    for (const details of this.unfolded) details.open = printing;
    this.apply();
  },
};
