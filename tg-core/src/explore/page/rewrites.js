// The rewrites of a stage, one after the other.

/// Long sides are cut to this in the list; the step itself shows them whole.
const SIDE = 70;

class RewriteView {
  constructor(stage) {
    this.stage = stage;
    this.rule = '';
    this.slider = el('input', {
      type: 'range',
      min: 0,
      'aria-label': 'Position',
      oninput: () => this.go(Number(this.slider.value)),
    });
    this.position = el('span', { class: 'position' });
    this.card = el('div', { class: 'stepcard' });
    this.list = new Rows((at) => this.row(at), {
      class: 'rows steps',
      'aria-label': 'Rewrites',
      onkeydown: (event) => this.key(event),
    });
    const button = (text, title, by) =>
      el('button', { title, 'aria-label': title, onclick: () => this.move(by) }, text);
    this.element = el(
      'div',
      { class: 'rewrites' },
      el(
        'div',
        { class: 'stepper' },
        button('◀', 'The rewrite before (k)', -1),
        button('▶', 'The next rewrite (j)', 1),
        this.slider,
        this.position,
        this.filter(),
      ),
      this.card,
      this.list.element,
      stage.omitted > 0 &&
        el(
          'p',
          { class: 'soft note' },
          `The first ${plural(stepsIn(stage), 'rewrite')} of this stage; ${stage.omitted.toLocaleString('en')} more are left out to keep the file small.`,
        ),
    );
    this.fill();
  }

  /// A choice of one rule.
  filter() {
    const counts = new Map();
    for (let at = this.stage.steps[0]; at < this.stage.steps[1]; at++) {
      const { full } = step(at).rule;
      counts.set(full, (counts.get(full) ?? 0) + 1);
    }
    const options = [...counts]
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, many]) => el('option', { value: name }, `${name} (${many})`));
    return el(
      'select',
      {
        'aria-label': 'Rule',
        onchange: (event) => {
          this.rule = event.target.value;
          this.fill();
          this.go(0);
        },
      },
      el('option', { value: '' }, `all ${plural(counts.size, 'rule')}`),
      options,
    );
  }

  fill() {
    this.steps = [];
    for (let at = this.stage.steps[0]; at < this.stage.steps[1]; at++) {
      if (!this.rule || step(at).rule.full === this.rule) this.steps.push(at);
    }
    this.slider.max = this.steps.length - 1;
    this.list.set(this.steps);
  }

  row(at) {
    const { rule, before, after } = step(at);
    const [left, right] = difference(
      short(expression(before, this.stage), SIDE),
      short(expression(after, this.stage), SIDE),
    );
    const chosen = state.chosen === `s${at}`;
    return el(
      'div',
      { class: chosen ? 'chosen' : '', 'data-step': at, onclick: () => choose(`s${at}`) },
      el('span', { class: 'num' }, String(at - this.stage.steps[0] + 1)),
      el('span', { class: 'rulename' }, rule.full),
      el('code', {}, left),
      el('span', { class: 'soft' }, '⇒'),
      el('code', {}, right),
    );
  }

  /// The place in the list of what is chosen.
  get at() {
    return this.steps.findIndex((at) => state.chosen === `s${at}`);
  }

  go(at) {
    if (this.steps.length) choose(`s${this.steps[Math.min(Math.max(at, 0), this.steps.length - 1)]}`);
  }

  move(by) {
    this.go(this.at + by);
  }

  key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.move(by);
  }

  show(at) {
    const { rule, before, after } = step(at);
    const [left, right] = difference(expression(before, this.stage), expression(after, this.stage));
    replace(
      this.card,
      el('p', { class: 'rulename', 'data-rule': rule.full }, link(rule.key, rule.full)),
      el(
        'div',
        { class: 'sides' },
        el('pre', { class: 'expr' }, left),
        el('span', { class: 'becomes' }, '⇓'),
        el('pre', { class: 'expr' }, right),
      ),
    );
    this.position.textContent = `${this.at + 1} of ${this.steps.length}`;
    this.slider.value = this.at;
    this.list.show(Math.max(this.at, 0));
  }
}

/// A rule, and where it fired.
function ruleView({ rule }) {
  const own = [];
  for (let at = 0; at < STEPS; at++) if (RULES[D.steps[at * 3]] === rule) own.push(at);
  const list = new Rows(
    (at) => {
      const stage = stageOfStep(at);
      const { before, after } = step(at);
      const [left, right] = difference(short(expression(before, stage), SIDE), short(expression(after, stage), SIDE));
      return el(
        'div',
        {
          onclick: () => {
            location.hash = `${stage.place.key}/rewrites/s${at}`;
          },
        },
        el(
          'span',
          { class: 'where' },
          `${stage.kernel ? `kernel ${stage.kernel.number}` : 'function'}, ${stage.place.title}`,
        ),
        el('code', {}, left),
        el('span', { class: 'soft' }, '⇒'),
        el('code', {}, right),
      );
    },
    { class: 'rows steps', 'aria-label': 'Where the rule fired' },
  );
  list.set(own);
  showHint('Choose a line to see it among the other rewrites of its stage.');
  return el('div', { class: 'rewrites' }, ruleCard(rule), list.element);
}

/// An operation, and the stages that have it.
function operationView({ name }) {
  const [, kind, doc] = D.ops.find(([own]) => own === name);
  const rows = STAGES()
    .map((stage) => [stage, nodesOf(stage).filter((id) => nameOf(id) === name)])
    .filter(([, ids]) => ids.length);
  showHint('Choose a stage to see the operation in it.');
  return el(
    'div',
    { class: 'page' },
    el(
      'p',
      { class: `lead k-${kind}` },
      el('i', { class: 'swatch' }),
      `${doc}. `,
      el('span', { class: 'soft' }, kind.toLowerCase()),
    ),
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ['stage', 'of', 'nodes'].map((text) => el('th', {}, text)),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map(([stage, ids]) =>
          el(
            'tr',
            {},
            el('td', {}, link(`${stage.place.key}/list/n${ids[0]}`, stage.place.title)),
            el(
              'td',
              {},
              stage.kernel ? link(stage.kernel.key, `${stage.kernel.number} ${stage.kernel.name}`) : 'the function',
            ),
            el('td', { class: 'right' }, String(ids.length)),
          ),
        ),
      ),
    ),
  );
}
