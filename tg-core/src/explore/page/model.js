// The data, and what follows from it: nodes, users, stages as places, expressions as text.

const D = JSON.parse(document.getElementById('data').textContent);
const ABOUT = new Map(D.about.map(([name, title, text]) => [name, { title, text }]));
const RULES = D.rules.map(([set, name, text, file, notes]) => ({
  set,
  name,
  text,
  file,
  notes,
  full: `${set}::${name}`,
}));
const STEPS = D.steps.length / 3;
const BUFFERS = new Map(D.buffers);

/// One operation. Its sources have smaller numbers.
function node(id) {
  const row = D.nodes[id];
  const [name, kind, doc, sign, binding] = D.ops[row[0]];
  const [dtype, arg, shape] = [D.texts[row[1]], D.texts[row[2]], D.texts[row[3]]];
  return { id, name, kind, doc, sign, binding, dtype, arg, shape, src: row.slice(4) };
}

const nameOf = (id) => D.ops[D.nodes[id][0]][0];
const kindOf = (id) => D.ops[D.nodes[id][0]][1];
const sources = (id) => D.nodes[id].slice(4);

function step(at) {
  return { at, rule: RULES[D.steps[at * 3]], before: D.steps[at * 3 + 1], after: D.steps[at * 3 + 2] };
}

/// Everything that `roots` are made of, sources before users: one sweep from the largest number down.
function reach(roots) {
  const marked = new Uint8Array(roots.reduce((most, root) => Math.max(most, root + 1), 0));
  for (const root of roots) marked[root] = 1;
  const all = [];
  for (let id = marked.length - 1; id >= 0; id--) {
    if (!marked[id]) continue;
    all.push(id);
    for (const source of sources(id)) marked[source] = 1;
  }
  return all.reverse();
}

/// Something that can be shown, by its key in the address: a stage, a text, a rule…
const PLACES = new Map();
/// The places in the order of the compiler, for the keys that go from one to the next.
const ORDER = [];

function place(key, fields) {
  const made = { key, ...fields };
  PLACES.set(key, made);
  ORDER.push(made);
  return made;
}

/// The nodes of a stage, computed when they are first needed.
function nodesOf(stage) {
  stage.all ??= stage.list ? stage.nodes : reach(stage.nodes);
  return stage.all;
}

/// Users of each node within a stage.
function usersOf(stage) {
  if (!stage.users) {
    stage.users = new Map();
    for (const id of nodesOf(stage)) {
      for (const source of new Set(sources(id))) {
        if (!stage.users.has(source)) stage.users.set(source, []);
        stage.users.get(source).push(id);
      }
    }
  }
  return stage.users;
}

/// The nodes of a stage that the one before it does not have.
function freshOf(stage) {
  if (!stage.fresh) {
    const before = new Set(stage.before ? nodesOf(stage.before) : nodesOf(stage));
    stage.fresh = new Set(nodesOf(stage).filter((id) => !before.has(id)));
  }
  return stage.fresh;
}

/// Whether a stage left what the one before it left.
const isIdle = (stage) =>
  Boolean(stage.before) && !freshOf(stage).size && String(stage.nodes) === String(stage.before.nodes);

/// How many steps a stage has that are in the file.
const stepsIn = (stage) => stage.steps[1] - stage.steps[0];

/// The stages of the function, and of each kernel, as places; then its texts.
function makePlaces() {
  place('overview', { kind: 'overview', title: D.name, nav: 'Overview' });
  stagesAsPlaces('f', D.stages, null);
  place('memory', { kind: 'memory', title: 'Memory plan', nav: 'Memory plan' });
  D.kernels.forEach((kernel, at) => {
    kernel.number = at + 1;
    kernel.key = `k${at + 1}`;
    place(kernel.key, { kind: 'kernel', kernel, title: kernel.name, nav: 'Overview' });
    stagesAsPlaces(kernel.key, kernel.stages, kernel);
    place(`${kernel.key}.source`, {
      kind: 'text',
      kernel,
      text: kernel.source,
      nav: `${D.language} source`,
      title: `${D.language} source`,
    });
    if (kernel.assembly) {
      place(`${kernel.key}.assembly`, {
        kind: 'text',
        kernel,
        text: kernel.assembly,
        nav: 'Assembly',
        title: 'Assembly',
      });
    }
  });
  if (D.prelude) place('prelude', { kind: 'text', text: D.prelude, nav: 'Prelude', title: 'Prelude' });
  RULES.forEach((rule, at) => {
    rule.key = `rule.${at}`;
    rule.count = 0;
    PLACES.set(rule.key, { key: rule.key, kind: 'rule', rule, title: rule.full });
  });
  for (let at = 0; at < STEPS; at++) RULES[D.steps[at * 3]].count++;
  D.ops.forEach(([name]) => PLACES.set(`op.${name}`, { key: `op.${name}`, kind: 'op', name, title: name }));
}

function stagesAsPlaces(prefix, stages, kernel) {
  let before = null;
  for (const stage of stages) {
    const about = ABOUT.get(stage.name) ?? { title: stage.name, text: '' };
    stage.before = before;
    stage.kernel = kernel;
    stage.labels = stage.labels.map((text) => D.texts[text]);
    stage.pointers = stage.pointers.map((text) => D.texts[text]);
    stage.place = place(`${prefix}.${stage.name}`, {
      kind: 'stage',
      stage,
      kernel,
      title: about.title,
      nav: about.title,
      about: about.text,
    });
    before = stage;
  }
}

const STAGES = () => ORDER.filter((place) => place.kind === 'stage').map((place) => place.stage);

/// The stage that a step belongs to.
function stageOfStep(at) {
  return STAGES().find((stage) => stage.steps[0] <= at && at < stage.steps[1]);
}

const ATOM = 10;
/// Parts of an expression below this depth, and beyond this many, are written as their numbers.
const DEEPEST = 14;
const MOST_PARTS = 90;

/// A node as an expression, with the names that `stage` gives to pointers.
function expression(id, stage) {
  const budget = { parts: MOST_PARTS };
  return spell(id, stage, 0, budget)[0];
}

function spell(id, stage, depth, budget) {
  if (depth > DEEPEST || budget.parts-- < 0) return [`%${id}`, ATOM];
  const it = node(id);
  const part = (at, least) => {
    const [text, binding] = spell(it.src[at], stage, depth + 1, budget);
    return binding < least ? `(${text})` : text;
  };
  const own = leaf(it, stage);
  if (own) return [own, ATOM];
  if (it.name === 'INDEX') return [`${part(0, ATOM)}[${part(1, 0)}]`, ATOM];
  if (it.name === 'LOAD' && it.src.length === 1) return [part(0, ATOM), ATOM];
  if (it.name === 'CAST') return [`${it.dtype}(${part(0, 0)})`, ATOM];
  if (it.name === 'WHERE') return [`${part(0, 2)} ? ${part(1, 2)} : ${part(2, 1)}`, 1];
  if (it.sign && it.src.length === 2) return [part(0, it.binding) + it.sign + part(1, it.binding + 1), it.binding];
  const args = it.src.map((_, at) => part(at, 0));
  const arg = it.arg && !it.arg.startsWith('view') ? `; ${it.arg}` : '';
  return [`${it.name}(${args.join(', ')}${arg})`, ATOM];
}

/// What has no sources worth writing.
function leaf(it, stage) {
  const words = it.arg.split(' ');
  if (it.name === 'CONST') return words.slice(1).join(' ');
  if (it.name === 'RANGE') return `${words[2]}${words[1]}`;
  if (it.name === 'DEFINE_VAR') return words[1]?.split('[')[0];
  if (it.name === 'BUFFER') return BUFFERS.get(it.id) ?? `buffer${words[1]}`;
  if (it.name === 'DEFINE_GLOBAL') return pointer(it, stage);
  if (it.name === 'DEFINE_LOCAL') return `scratch${words[1]}`;
  if (it.name === 'DEFINE_ACC') return `acc${words[1]}`;
  return null;
}

const pointer = (it, stage) => stage?.pointers[Number(it.arg.split(' ')[1])] ?? 'pointer';

/// What a node says besides its operation, in few words.
function label(it, stage) {
  if (it.name === 'BUFFER') return BUFFERS.get(it.id) ?? it.arg;
  if (it.name === 'DEFINE_GLOBAL') return pointer(it, stage);
  if (it.name === 'CONST') return it.arg.replace('value ', '');
  return it.arg;
}

/// A number of many digits with six of them.
const rounded = (text) =>
  text.replace(/-?\d+\.\d{7,}(e-?\d+)?/g, (number) => String(Number(Number(number).toPrecision(6))));

const UNITS = ['', ' k', ' M', ' G', ' T'];

/// 25690112 as `25.7 M`.
function count(number) {
  let at = 0;
  while (number >= 1000 && at < UNITS.length - 1) {
    number /= 1000;
    at++;
  }
  return `${at ? number.toPrecision(3) : number}${UNITS[at]}`;
}

/// 401408 as `392 KiB`.
function bytes(number) {
  let at = 0;
  while (number >= 1024 && at < 4) {
    number /= 1024;
    at++;
  }
  return `${at && number < 100 ? number.toPrecision(3) : Math.round(number)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][at]}`;
}

const plural = (number, one, many = `${one}s`) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
