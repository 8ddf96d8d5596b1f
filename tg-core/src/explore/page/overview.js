// The function as a whole, and each kernel as a whole.

const ratio = (flops, moved) => (moved ? (flops / moved).toFixed(flops / moved < 10 ? 1 : 0) : '–');

/// A number over a bar that says how much of the most that is.
const meter = (text, part) =>
  el('td', { class: 'meter' }, el('i', { style: `width:${(part * 100).toFixed(1)}%` }), el('span', {}, text));

function overview() {
  const [kernels, flops, moved, workspace] = D.report;
  const most = [0, 1].map((at) => Math.max(1, ...D.kernels.map((kernel) => kernel.cost[at])));
  const tile = (number, text) => el('div', { class: 'tile' }, el('b', {}, number), el('span', {}, text));
  const row = (kernel) =>
    el(
      'tr',
      {},
      el('td', { class: 'num' }, String(kernel.number)),
      el('td', {}, link(kernel.key, kernel.name)),
      el('td', {}, el('code', { title: kernel.target }, short(kernel.target, 20))),
      meter(count(kernel.cost[0]), kernel.cost[0] / most[0]),
      meter(bytes(kernel.cost[1]), kernel.cost[1] / most[1]),
      el('td', { class: 'right' }, ratio(kernel.cost[0], kernel.cost[1])),
    );
  showHint(
    'Choose a stage or a kernel on the left. In a graph or list, choose a node to see what it is, what uses it, and which rule made it.',
  );
  return el(
    'div',
    { class: 'page' },
    el(
      'div',
      { class: 'tiles' },
      tile(String(kernels), 'kernels'),
      tile(count(flops), 'operations'),
      tile(bytes(moved), 'read and written'),
      tile(bytes(workspace), 'workspace'),
      tile(STEPS.toLocaleString('en'), 'rewrites shown'),
    ),
    el('h3', {}, 'From expression to kernels'),
    pipeline(),
    el('h3', {}, 'Kernels, in launch order'),
    table(['', 'kernel', 'makes', 'operations', 'bytes', 'per byte'], D.kernels.map(row)),
    el('h3', {}, 'Called with'),
    table(
      ['name', 'type', 'shape', ''],
      D.params.map(([name, dtype, shape, role]) =>
        el(
          'tr',
          {},
          el('td', {}, el('code', {}, name)),
          el('td', {}, dtype),
          el('td', {}, shape),
          el('td', { class: 'soft' }, role),
        ),
      ),
    ),
  );
}

const table = (heads, rows) =>
  el(
    'table',
    {},
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        heads.map((text) => el('th', {}, text)),
      ),
    ),
    el('tbody', {}, rows),
  );

/// The stages as a row of cards, with how many nodes each has.
function pipeline() {
  const card = (place, text, many) => link(place, [el('b', {}, text), el('span', {}, many)], { class: 'card' });
  const own = D.stages.map((stage) => card(stage.place.key, stage.place.title, plural(nodesOf(stage).length, 'node')));
  const sum = (of) => D.kernels.reduce((total, kernel) => total + of(kernel), 0);
  const lines = sum((kernel) => kernel.source.split('\n').length);
  const first = D.kernels[0];
  const nests = first && card(first.stages[0].place.key, 'Loop nests', plural(D.kernels.length, 'kernel'));
  const acted = first && card(`${first.key}.actions`, 'Actions', String(sum((kernel) => kernel.actions.length)));
  const listed =
    first &&
    card(
      first.stages[first.stages.length - 1].place.key,
      'Instructions',
      sum((kernel) => nodesOf(kernel.stages[kernel.stages.length - 1]).length).toLocaleString('en'),
    );
  const source = first && card(`${first.key}.source`, `${D.language} source`, plural(lines, 'line'));
  return el('div', { class: 'pipeline' }, [...own, nests, acted, listed, source].filter(Boolean));
}

/// What a kernel costs and is called with, on the right.
function showKernel(kernel) {
  const [flops, moved, scratch] = kernel.cost;
  const tensor = D.stages[D.stages.length - 1];
  replace(
    $('detail'),
    el('h2', {}, el('b', {}, `Kernel ${kernel.number}`)),
    facts([
      ['operations', count(flops)],
      ['formula', kernel.formulas[0] !== String(flops) && kernel.formulas[0]],
      ['bytes', bytes(moved)],
      ['formula', kernel.formulas[1] !== String(moved) && kernel.formulas[1]],
      ['per byte', ratio(flops, moved)],
      [D.language === 'PTX' ? 'shared memory' : 'scratch memory', scratch ? bytes(scratch) : ''],
      ['launch', kernel.launch],
      ['symbol', el('code', {}, kernel.symbol)],
      ['stores', link(`${tensor.place.key}/graph/n${kernel.tensor}`, `%${kernel.tensor} ${nameOf(kernel.tensor)}`)],
    ]),
    el(
      'section',
      {},
      el('h3', {}, 'Arguments'),
      table(
        ['', 'is'],
        kernel.args.map(([name, where]) =>
          el(
            'tr',
            {},
            el('td', {}, el('code', {}, name)),
            el('td', { class: 'soft' }, name === kernel.target ? `${where}, written` : where),
          ),
        ),
      ),
    ),
  );
}

function kernelView({ kernel }) {
  const actions = kernel.actions.map(([text, numbers, about], at) =>
    el(
      'li',
      {},
      el('button', { class: 'action', onclick: () => show(at + 1) }, text),
      el('span', {}, prose(about), numbers && el('small', {}, numbers)),
    ),
  );
  const nest = el('div');
  const merged = kernel.stages.find((stage) => stage.name === 'merge') ?? kernel.stages[0];
  const show = (at) => {
    replace(nest, code(at ? kernel.actions[at - 1][3] : merged.loops, 'loops'));
    buttons.forEach((button, own) => button.setAttribute('aria-pressed', own === at));
  };
  const buttons = [
    el('button', { class: 'action', onclick: () => show(0) }, 'no action'),
    ...actions.map((item) => item.firstChild),
  ];
  show(0);
  showKernel(kernel);
  return el(
    'div',
    { class: 'page' },
    el('h3', {}, 'Its loops'),
    el('p', { class: 'soft' }, 'As pseudo code. Choose an action to see the loops after it and all before it.'),
    nest,
    el('h3', {}, 'Actions ', el('span', { class: 'soft' }, kernel.origin)),
    el('ol', { class: 'actions' }, el('li', {}, buttons[0], el('span', {}, 'The loops as they were merged.')), actions),
  );
}

/// Source or assembly.
function textView(place) {
  const language = place.title === 'Assembly' ? 'assembly' : D.language;
  if (place.kernel) showKernel(place.kernel);
  else showHint('What stands before the text of all kernels: types, and operations on vectors.');
  return code(place.text, language);
}
