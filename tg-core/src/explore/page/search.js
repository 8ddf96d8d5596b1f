// The search box: kernels, stages, operations, rules, parameters.

/// Of each kind at most this many are shown.
const MOST_FOUND = 8;
const KINDS = ['kernel', 'stage', 'parameter', 'operation', 'rule', 'action'];

/// What can be found: a kind, a text, more text to search in, and where it leads.
function searchable() {
  const kernels = D.kernels.map((kernel) => ['kernel', `${kernel.number} ${kernel.name}`, kernel.symbol, kernel.key]);
  const stages = D.stages.map((stage) => ['stage', stage.place.title, stage.name, stage.place.key]);
  const places = ['memory', 'prelude']
    .filter((key) => PLACES.has(key))
    .map((key) => ['stage', PLACES.get(key).title, '', key]);
  const ops = D.ops.map(([name, kind, doc]) => ['operation', name, `${kind} ${doc}`, `op.${name}`]);
  const rules = RULES.map((rule) => ['rule', rule.full, rule.text, rule.key]);
  const first = D.stages[0];
  const buffers = D.buffers
    .filter(([id]) => first && nodesOf(first).includes(id))
    .map(([id, name]) => ['parameter', name, '', `${first.place.key}/graph/n${id}`]);
  const actions = D.kernels.flatMap((kernel) =>
    kernel.actions.map(([text]) => ['action', `${text} of ${kernel.number}`, '', kernel.key]),
  );
  return [...kernels, ...stages, ...places, ...buffers, ...ops, ...rules, ...actions];
}

/// Those that hold every word, the ones that begin with the text first.
function find(all, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ([, name, more]) => words.every((word) => `${name} ${more}`.toLowerCase().includes(word));
  const rank = ([, name]) =>
    name.toLowerCase().startsWith(words[0]) ? 0 : name.toLowerCase().includes(words[0]) ? 1 : 2;
  const kinds = new Map(KINDS.map((kind) => [kind, []]));
  for (const item of all.filter(fits).toSorted((a, b) => rank(a) - rank(b))) kinds.get(item[0]).push(item);
  return new Map([...kinds].filter(([, items]) => items.length));
}

/// A name with what was searched for marked.
function marked(name, text) {
  const at = name.toLowerCase().indexOf(text.toLowerCase());
  return at < 0
    ? name
    : [name.slice(0, at), el('mark', {}, name.slice(at, at + text.length)), name.slice(at + text.length)];
}

function startSearch() {
  const all = searchable();
  const [box, found] = [$('search'), $('found')];
  const results = () => [...found.querySelectorAll('a')];
  const update = () => {
    const text = box.value.trim();
    found.hidden = !text;
    $('places').hidden = Boolean(text);
    if (!text) return;
    const kinds = find(all, text);
    replace(
      found,
      kinds.size
        ? [...kinds].map(([kind, items]) => [
            el('h4', {}, kind),
            items
              .slice(0, MOST_FOUND)
              .map(([, name, , key]) => link(key, marked(name, text), { role: 'option', 'data-kind': kind })),
            items.length > MOST_FOUND && el('p', { class: 'soft' }, `${items.length - MOST_FOUND} more`),
          ])
        : el('p', { class: 'soft' }, 'Nothing has this in its name.'),
    );
  };
  box.addEventListener('input', update);
  $('side').addEventListener('keydown', (event) => {
    if (found.hidden) return;
    const links = results();
    const at = links.indexOf(document.activeElement);
    if (event.key === 'Escape') {
      box.value = '';
      update();
      box.focus();
    } else if (event.key === 'Enter' && document.activeElement === box) links[0]?.click();
    else if (event.key === 'ArrowDown') links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === 'ArrowUp') (at > 0 ? links[at - 1] : box).focus();
    else return;
    event.preventDefault();
  });
}
