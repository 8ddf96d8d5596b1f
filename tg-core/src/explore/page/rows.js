// Long lists: only the rows that can be seen are in the page. Trees of a graph, and instructions, are such lists.

const ROW = 24;
/// Rows beyond the edges that are made too, so that scrolling shows no gaps.
const MORE = 12;

/// A list of `rows`, each made into an element by `make(row, at)` when it comes into sight.
class Rows {
  constructor(make, attributes = {}) {
    this.make = make;
    this.rows = [];
    this.inner = el('div', { class: 'rows-inner' });
    this.element = el('div', { class: 'rows', tabindex: 0, ...attributes, onscroll: () => this.draw() }, this.inner);
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  set(rows) {
    this.rows = rows;
    this.inner.style.height = `${rows.length * ROW}px`;
    this.range = '';
    this.draw();
  }

  /// Makes what can be seen; again, if `anew`.
  draw(anew = false) {
    const top = Math.max(0, Math.floor(this.element.scrollTop / ROW) - MORE);
    const end = Math.min(
      this.rows.length,
      Math.ceil((this.element.scrollTop + this.element.clientHeight) / ROW) + MORE,
    );
    if (!anew && this.range === `${top}-${end}`) return;
    this.range = `${top}-${end}`;
    const made = [];
    for (let at = top; at < end; at++) {
      const row = this.make(this.rows[at], at);
      row.style.top = `${at * ROW}px`;
      row.classList.add('row');
      made.push(row);
    }
    this.inner.replaceChildren(...made);
  }

  /// Scrolls so that row `at` can be seen.
  show(at) {
    const [top, height] = [at * ROW, this.element.clientHeight];
    if (top < this.element.scrollTop || top + ROW > this.element.scrollTop + height) {
      this.element.scrollTop = Math.max(0, top - height / 3);
    }
    this.draw(true);
  }
}

/// A source in the line of a user: what has no sources by its value or name, anything else by its number.
const operand = (id, stage) =>
  ['CONST', 'DEFINE_GLOBAL', 'BUFFER'].includes(nameOf(id)) ? rounded(leaf(node(id), stage)) : `%${id}`;

/// All of them; one that stands several times in a row once, with how often.
function operands(ids, stage) {
  const runs = [];
  for (const id of ids) {
    const last = runs[runs.length - 1];
    if (last?.id === id) last.times++;
    else runs.push({ id, times: 1 });
  }
  return runs.map(({ id, times }) => operand(id, stage) + (times > 1 ? ` ×${times}` : ''));
}

/// A graph as a tree that unfolds from its roots: what was above already is one line that refers to it.
function treeRows(stage, folded) {
  const rows = [];
  const seen = new Set();
  stage.nodes.forEach((root, at) => {
    const stack = [[root, 0, stage.labels[at] ?? '']];
    while (stack.length) {
      const [id, depth, text] = stack.pop();
      const again = seen.has(id) && sources(id).some((source) => nameOf(source) !== 'CONST');
      seen.add(id);
      const own = again ? [] : [...new Set(sources(id))].filter((source) => nameOf(source) !== 'CONST');
      rows.push({ id, depth, text, again, folds: own.length > 0, folded: folded.has(id) });
      if (!folded.has(id)) own.toReversed().forEach((source) => stack.push([source, depth + 1, '']));
    }
  });
  return rows;
}

/// Instructions in their order, indented by the loops around them. Constants stand where they are used.
function listRows(stage, folded) {
  const rows = [];
  let depth = 0;
  let hidden = 0;
  for (const id of stage.nodes) {
    const name = nameOf(id);
    if (name === 'CONST') continue;
    if (name === 'ENDRANGE') {
      depth--;
      if (hidden) hidden--;
    }
    if (!hidden) rows.push({ id, depth, text: '', again: false, folds: name === 'RANGE', folded: folded.has(id) });
    if (name === 'RANGE') {
      depth++;
      if (hidden || folded.has(id)) hidden++;
    }
  }
  return rows;
}

/// Indentation is not wider than this many steps.
const DEEPEST_ROW = 24;

/// The nodes of a stage as a list that folds, whose rows light up with what they use and what uses them.
class NodeList {
  constructor(stage) {
    this.stage = stage;
    this.folded = new Set();
    this.fresh = freshOf(stage);
    this.list = new Rows((row) => this.row(row), {
      class: 'rows nodes',
      role: 'tree',
      'aria-label': 'Nodes',
      onkeydown: (event) => this.key(event),
      onmouseover: (event) => this.light(event.target.closest('[data-node]')?.dataset.node),
      onmouseleave: () => this.light(),
    });
    this.element = this.list.element;
    this.fill();
  }

  fill() {
    this.list.set((this.stage.list ? listRows : treeRows)(this.stage, this.folded));
  }

  row({ id, depth, text, again, folds, folded }) {
    const it = node(id);
    const words = label(it, this.stage);
    const uses = operands(it.src, this.stage);
    const row = el(
      'div',
      {
        class: `k-${it.kind}`,
        role: 'treeitem',
        'data-node': id,
        'aria-selected': state.chosen === `n${id}`,
        onclick: () => choose(`n${id}`),
      },
      el('span', { class: 'indent', style: `width:${Math.min(depth, DEEPEST_ROW) * 14}px` }),
      folds
        ? el(
            'button',
            {
              class: 'fold',
              tabindex: -1,
              'aria-label': folded ? 'Unfold' : 'Fold',
              onclick: (event) => this.fold(event, id),
            },
            folded ? '▸' : '▾',
          )
        : el('span', { class: 'fold' }),
      el('i', { class: 'swatch' }),
      el('span', { class: 'num' }, `%${id}`),
      el('b', {}, it.name),
      el('span', { class: 'type' }, it.dtype === 'void' ? '' : it.dtype),
      it.shape && el('span', { class: 'shape' }, it.shape),
      uses.length > 0 && el('span', { class: 'uses' }, short(uses.join(', '), 110)),
      words && el('span', { class: 'soft' }, short(rounded(words), 90)),
      again && el('span', { class: 'soft' }, '↑ above'),
      text && el('span', { class: 'tag' }, text),
      this.fresh.has(id) && el('span', { class: 'fresh', title: 'This stage made it' }, 'new'),
    );
    if (state.chosen === `n${id}`) row.classList.add('chosen');
    if (this.sources?.has(id)) row.classList.add('source');
    if (this.users?.has(id)) row.classList.add('user');
    return row;
  }

  /// Lights up the sources and users of a node; none without one.
  light(id) {
    if (this.lit === id) return;
    this.lit = id;
    this.sources = id === undefined ? null : new Set(sources(Number(id)));
    this.users = id === undefined ? null : new Set(usersOf(this.stage).get(Number(id)) ?? []);
    for (const row of this.list.inner.children) {
      const own = Number(row.dataset.node);
      row.classList.toggle('source', Boolean(this.sources?.has(own)));
      row.classList.toggle('user', Boolean(this.users?.has(own)));
    }
  }

  fold(event, id) {
    event?.stopPropagation();
    if (!this.folded.delete(id)) this.folded.add(id);
    this.fill();
  }

  /// Shows a node, unfolding nothing: what is folded away stays so.
  show(id) {
    const at = this.list.rows.findIndex((row) => row.id === id);
    if (at >= 0) this.list.show(at);
    else this.list.draw(true);
  }

  key(event) {
    const at = this.list.rows.findIndex((row) => `n${row.id}` === state.chosen);
    const row = this.list.rows[at];
    const moved = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (moved) {
      const next = Math.min(Math.max(at + moved, 0), this.list.rows.length - 1);
      choose(`n${this.list.rows[next].id}`);
      this.list.show(next);
    } else if (row?.folds && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      if (row.folded !== (event.key === 'ArrowLeft')) this.fold(null, row.id);
    } else return;
    event.preventDefault();
  }
}
