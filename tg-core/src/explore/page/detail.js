// The right side: what is known of the node, rewrite or rule that was chosen.

/// Rewrites that the details of a node list.
const MOST_LISTED = 6;

function showNode(id, stage) {
  const it = node(id);
  const uses = usersOf(stage).get(id) ?? [];
  const many = (ids, most = 24) => [
    el(
      'div',
      { class: 'refs' },
      ids.slice(0, most).map((other) => nodeLink(other, stage)),
    ),
    ids.length > most && el('p', { class: 'soft' }, `and ${ids.length - most} more`),
  ];
  replace(
    $('detail'),
    el('h2', { class: `k-${it.kind}` }, el('i', { class: 'swatch' }), `%${id} `, el('b', {}, it.name)),
    el('p', {}, `${it.doc}.`),
    facts([
      ['kind', it.kind.toLowerCase()],
      ['type', it.dtype === 'void' ? '' : it.dtype],
      ['shape', it.shape],
      ['argument', it.arg && el('code', {}, it.name === 'BUFFER' ? label(it, stage) : it.arg)],
      ['seen in', it.name !== 'CONST' && lifeOf(id, stage)],
    ]),
    stage.pointers.length > 0 &&
      el('section', {}, el('h3', {}, 'Expression'), el('pre', { class: 'expr' }, expression(id, stage))),
    it.src.length > 0 && el('section', {}, el('h3', {}, plural(it.src.length, 'source')), many(it.src)),
    uses.length > 0 && el('section', {}, el('h3', {}, plural(uses.length, 'user')), many(uses)),
    rewritesOf(id, stage),
  );
}

/// Between which stages of its kernel a node is there.
function lifeOf(id, stage) {
  const own = stage.kernel ? stage.kernel.stages : D.stages;
  const having = own.filter((other) => nodesOf(other).includes(id));
  if (!having.length) return 'rewrites only';
  const ends = [having[0], having[having.length - 1]].map((other) =>
    link(`${other.place.key}/${tabNow()}/n${id}`, other.place.title),
  );
  return having.length === 1 ? ends[0] : el('span', {}, ends[0], ' to ', ends[1]);
}

/// The rules that made a node or replaced it, in this stage.
function rewritesOf(id, stage) {
  const [made, replaced] = [[], []];
  for (let at = stage.steps[0]; at < stage.steps[1]; at++) {
    if (D.steps[at * 3 + 2] === id) made.push(at);
    if (D.steps[at * 3 + 1] === id) replaced.push(at);
  }
  const listed = (title, steps) =>
    steps.length > 0 &&
    el(
      'section',
      {},
      el('h3', {}, title),
      el(
        'div',
        { class: 'refs' },
        steps
          .slice(0, MOST_LISTED)
          .map((at) => link(`${stage.place.key}/rewrites/s${at}`, step(at).rule.full, { class: 'ruleref' })),
      ),
    );
  return [listed('Made by rule', made), listed('Replaced by rule', replaced)];
}

function showStep(at, stage) {
  const { rule, before, after } = step(at);
  replace(
    $('detail'),
    el('h2', {}, 'Rewrite ', el('span', { class: 'soft' }, `${at - stage.steps[0] + 1} of ${stepsIn(stage)}`)),
    ruleCard(rule),
    el('p', { class: 'soft' }, `It fired ${plural(rule.count, 'time')} in this function.`),
    el(
      'section',
      {},
      el('h3', {}, 'Before'),
      el(
        'div',
        { class: 'refs' },
        nodeLink(before, stage),
        sources(before).map((id) => el('div', { class: 'below' }, nodeLink(id, stage))),
      ),
    ),
    el(
      'section',
      {},
      el('h3', {}, 'After'),
      el(
        'div',
        { class: 'refs' },
        nodeLink(after, stage),
        sources(after).map((id) => el('div', { class: 'below' }, nodeLink(id, stage))),
      ),
    ),
  );
}

/// A rule: its name, what it says, why, and where it stands.
function ruleCard(rule) {
  return el(
    'div',
    { class: 'rulecard' },
    el('p', { class: 'rulename', 'data-rule': rule.full }, link(rule.key, rule.full)),
    el('pre', { class: 'expr' }, rule.text),
    rule.notes.map((text) => el('p', {}, text)),
    el('p', { class: 'soft' }, rule.file),
  );
}

/// Without a choice: what there is to choose.
function showHint(text) {
  replace($('detail'), el('p', { class: 'hint' }, text));
}
