// The address says what is shown: a place, a tab of it, and what is chosen there. Everything follows from it.

const state = { place: null, tab: '', chosen: '', writing: 0 };
const ADDRESS_DELAY = 150;
/// The view of the place that is shown, if it has something that can be chosen.
let view = null;

const TABS = { loops: 'Loops', graph: 'Graph', list: 'List', rewrites: 'Rewrites' };

/// The tabs that a place has, the one it opens with first.
function tabsOf({ kind, stage }) {
  if (kind !== 'stage') return [];
  if (stage.list) return ['list'];
  const tabs = stage.loops
    ? ['loops', 'graph', 'list']
    : boxesOf(stage).length > MOST_BOXES
      ? ['list', 'graph']
      : ['graph', 'list'];
  return stepsIn(stage) ? [...tabs, 'rewrites'] : tabs;
}

const tabNow = () => (state.tab && state.tab !== 'rewrites' ? state.tab : 'graph');

/// Chooses a node, rewrite or value. The address follows a little later: browsers complain of pages that change it many
/// times a second, as a key that is held down would.
function choose(chosen) {
  const address = `#${state.place.key}/${state.tab}/${chosen}`;
  clearTimeout(state.writing);
  state.writing = setTimeout(() => history.replaceState(null, '', address), ADDRESS_DELAY);
  state.chosen = chosen;
  showChosen();
}

function go(place, tab = '') {
  location.hash = tab ? `${place.key}/${tab}` : place.key;
}

/// Reads the address and shows what it says; an address that says nothing is the overview.
function route() {
  clearTimeout(state.writing);
  const [key, tab, chosen = ''] = location.hash.slice(1).split('/');
  const place = PLACES.get(key) ?? PLACES.get('overview');
  const tabs = tabsOf(place);
  const next = tabs.includes(tab) ? tab : (tabs[0] ?? '');
  const stays = state.place === place && state.tab === next && view;
  Object.assign(state, { place, tab: next, chosen });
  if (!stays) draw();
  showChosen();
}

function draw() {
  const { place } = state;
  document.title = `${place.title} · ${D.name} · tg explorer`;
  drawHead();
  markPlace();
  view = null;
  $('detail').replaceChildren();
  const makers = {
    overview: () => overview(),
    memory: () => memoryView(),
    kernel: () => kernelView(place),
    text: () => textView(place),
    rule: () => ruleView(place),
    op: () => operationView(place),
    stage: () => stageView(place.stage),
  };
  replace($('view'), makers[place.kind]());
  $('view').scrollTop = 0;
  view?.placed?.();
}

function stageView(stage) {
  if (state.tab === 'loops') {
    showKernel(stage.kernel);
    return el('div', { class: 'page' }, code(stage.loops, 'loops'));
  }
  if (state.tab === 'graph' && boxesOf(stage).length > MOST_BOXES) {
    return el(
      'div',
      { class: 'page' },
      el(
        'p',
        {},
        `This stage has ${plural(boxesOf(stage).length, 'box', 'boxes')}, too many to be read as a drawing. `,
        link(`${stage.place.key}/list`, 'Show it as a list.'),
      ),
    );
  }
  view =
    state.tab === 'rewrites'
      ? new RewriteView(stage)
      : state.tab === 'graph'
        ? new GraphView(stage)
        : new NodeList(stage);
  if (!state.chosen && state.tab === 'rewrites') state.chosen = `s${stage.steps[0]}`;
  return view.element;
}

/// Shows what is chosen, in the view and on the right.
function showChosen() {
  const [kind, number] = [state.chosen[0], Number(state.chosen.slice(1))];
  const { stage } = state.place;
  if (kind === 'n' && stage && number < D.nodes.length) {
    showNode(number, stage);
    view?.show?.(number);
  } else if (kind === 's' && stage && stage.steps[0] <= number && number < stage.steps[1]) {
    showStep(number, stage);
    view?.show?.(number);
  } else if (kind === 'v' && state.place.kind === 'memory' && number < D.values.length) {
    showValue(number);
    document.querySelectorAll('.bar').forEach((bar, at) => bar.classList.toggle('chosen', at === number));
  } else if (stage && state.tab !== 'loops' && stepsIn(stage) + nodesOf(stage).length) {
    showHint('Choose a node to see what it is, what uses it, and which rule made it.');
  } else if (state.place.kind === 'memory') {
    showHint('Choose a bar to see which kernels write and read it.');
  }
}

function drawHead() {
  const { place } = state;
  const { stage, kernel } = place;
  const own = kernel && [link(kernel.key, `Kernel ${kernel.number}`), el('span', { class: 'soft' }, ' / ')];
  const tab = (name) => {
    const many =
      name === 'rewrites' ? el('span', { class: 'many' }, (stepsIn(stage) + stage.omitted).toLocaleString('en')) : null;
    return el(
      'button',
      { role: 'tab', 'aria-selected': String(state.tab === name), onclick: () => go(place, name) },
      TABS[name],
      many,
    );
  };
  const made = stage && summary(stage);
  replace(
    $('head'),
    el(
      'h1',
      {},
      own,
      place.kind === 'overview' ? D.name : place.title,
      made && el('span', { class: 'soft count' }, made),
    ),
    el(
      'p',
      {},
      place.about ??
        (place.kind === 'overview'
          ? `How this tensor function became ${D.language} for ${D.isa}: each stage of the compiler, and every rewrite on the way.`
          : ''),
    ),
    el('div', { class: 'tabs', role: 'tablist' }, tabsOf(place).map(tab)),
  );
}

/// What a stage left, in numbers.
function summary(stage) {
  const [nodes, fresh] = [nodesOf(stage).length, freshOf(stage).size];
  if (stage.name === 'schedule') return `${stage.nodes.length} of ${plural(nodes, 'tensor')} are stored`;
  if (isIdle(stage)) return 'left the graph as it was';
  return (
    plural(nodes, stage.list ? 'instruction' : 'node') +
    (stage.before ? `, ${fresh.toLocaleString('en')} of them new` : '')
  );
}

/// The list on the left: the function's stages, then each kernel with its own.
function drawPlaces() {
  const item = (place) => {
    const idle = place.stage && isIdle(place.stage);
    return link(place.key, place.nav, {
      class: idle ? 'idle' : '',
      'data-place': place.key,
      title: idle ? 'This stage changed nothing' : null,
    });
  };
  const group = (kernel) =>
    el(
      'details',
      { name: 'kernels', 'data-kernel': kernel.key },
      el(
        'summary',
        { title: kernel.name },
        el('span', { class: 'num' }, String(kernel.number)),
        el('span', { class: 'kernelname' }, kernel.name),
      ),
      ORDER.filter((place) => place.kernel === kernel).map(item),
    );
  replace(
    $('places'),
    el('h4', {}, 'Function'),
    ORDER.filter((place) => !place.kernel).map(item),
    el('h4', {}, `Kernels (${D.kernels.length})`),
    D.kernels.map(group),
  );
}

function markPlace() {
  for (const item of document.querySelectorAll('#places a')) {
    const own = item.dataset.place === state.place.key;
    item.toggleAttribute('aria-current', own);
    if (own) {
      const group = item.closest('details');
      if (group) group.open = true;
      item.scrollIntoView({ block: 'nearest' });
    }
  }
}

const KEYS = [
  ['/', 'search'],
  ['[ ]', 'stage before, after'],
  ['g l', 'graph, list'],
  ['r', 'rewrites'],
  ['j k', 'next, previous rewrite'],
  ['↑ ↓ ← →', 'in lists'],
];

function key(event) {
  if (event.target.matches('input, select, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = ORDER.indexOf(state.place);
  const tabs = { g: 'graph', l: 'list', r: 'rewrites', n: 'loops' };
  if (event.key === '/') $('search').focus();
  else if (event.key === '[' && at > 0) go(ORDER[at - 1]);
  else if (event.key === ']' && at >= 0 && at < ORDER.length - 1) go(ORDER[at + 1]);
  else if (tabsOf(state.place).includes(tabs[event.key])) go(state.place, tabs[event.key]);
  else if (event.key === 'j' && view instanceof RewriteView) view.move(1);
  else if (event.key === 'k' && view instanceof RewriteView) view.move(-1);
  else return;
  event.preventDefault();
}

function start() {
  makePlaces();
  replace(
    $('top'),
    el('a', { class: 'brand', href: '#overview' }, 'tg', el('span', {}, 'explorer')),
    el('b', { class: 'function' }, D.name),
    [
      `${D.language} for ${D.isa}`,
      plural(D.report[0], 'kernel'),
      `${count(D.report[1])} operations`,
      `${bytes(D.report[3])} workspace`,
    ].map((text) => el('span', { class: 'chip' }, text)),
  );
  replace(
    $('keys'),
    KEYS.map(([keys, text]) =>
      el(
        'span',
        {},
        keys.split(' ').map((one) => el('kbd', {}, one)),
        ` ${text}`,
      ),
    ),
  );
  drawPlaces();
  startSearch();
  addEventListener('hashchange', route);
  addEventListener('keydown', key);
  route();
}

start();
