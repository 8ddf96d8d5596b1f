// The graph of a stage as a drawing: boxes where the layout puts them, lines between them, zooming.

const yOf = (item) => item.layer * (BOX.height + BOX.layer);

/// A smooth line from the foot of a box, through the bends, to the head of another.
function curve(edge, left) {
  let [x, y] = [edge.from.x - left, yOf(edge.from) + BOX.height];
  let text = `M${x.toFixed(1)} ${y}`;
  for (const next of edge.far ? [edge.to] : edge.path) {
    const [toX, toY] = [next.x - left, yOf(next)];
    const half = (toY - y) / 2;
    text += `C${x.toFixed(1)} ${y + half} ${toX.toFixed(1)} ${toY - half} ${toX.toFixed(1)} ${toY}`;
    [x, y] = [toX, toY];
    if (next.bend) {
      y += BOX.height;
      text += `V${y}`;
    }
  }
  return text;
}

/// How a source far above is named.
const farName = (id, stage) => leaf(node(id), stage) ?? `%${id} ${nameOf(id)}`;

/// A box at `x`, with the names of its `far` sources above, and below what it is if it is a root.
function box(item, x, far, root) {
  const [first, second] = item.text;
  const beside = item.width / 2 + 7;
  return svg(
    'g',
    {
      class: `box k-${kindOf(item.id)}`,
      transform: `translate(${x.toFixed(1)} ${yOf(item)})`,
      'data-node': item.id,
      tabindex: 0,
      role: 'button',
      'aria-label': item.text.join(' '),
    },
    svg('rect', { width: item.width, height: BOX.height, rx: 7 }),
    svg('rect', { class: 'strip', x: 0, y: 8, width: 4, height: BOX.height - 16, rx: 2 }),
    svg('text', { x: 13, y: second ? 17 : 24, class: 'first' }, first),
    svg('text', { x: 13, y: 31, class: 'second' }, second),
    far && svg('text', { x: beside, y: -6, class: 'above' }, short(`↑ ${far.join(', ')}`, 26)),
    root && svg('text', { x: beside, y: BOX.height + 14, class: 'root' }, `→ ${root}`),
  );
}

/// The graph of a stage, with its size on paper.
function drawing(stage) {
  const { layers, edges, items } = layered(boxesOf(stage), stage);
  order(layers);
  positions(layers);
  const all = layers.flat();
  const left = Math.min(...all.map((item) => item.x - item.width / 2)) - 12;
  const width = Math.max(...all.map((item) => item.x + item.width / 2)) + 12 - left;
  const height = layers.length * (BOX.height + BOX.layer) + 12;
  const lines = edges.map((edge) =>
    svg('path', {
      class: edge.far ? 'edge far' : 'edge',
      d: curve(edge, left),
      'data-from': edge.from.id,
      'data-to': edge.to.id,
    }),
  );
  const above = new Map();
  for (const edge of edges.filter((edge) => edge.far)) {
    above.set(edge.to.id, [...(above.get(edge.to.id) ?? []), farName(edge.from.id, stage)]);
  }
  const roots = new Map(stage.nodes.map((root, at) => [root, stage.labels[at]]));
  const boxes = [...items.values()].map((item) =>
    box(item, item.x - left - item.width / 2, above.get(item.id), roots.get(item.id)),
  );
  const first = all.filter((item) => item.layer < FIRST);
  return { width, height: height + 8, lines, boxes, focus: mean(first, (item) => item.x - left) };
}

/// The graph with zooming; `choose` and hovering as in lists.
class GraphView {
  constructor(stage) {
    this.stage = stage;
    const { width, height, lines, boxes, focus } = drawing(stage);
    Object.assign(this, { width, height, focus, scale: 1 });
    this.boxes = new Map(boxes.map((box) => [Number(box.dataset.node), box]));
    this.lines = lines;
    this.svg = svg(
      'svg',
      { viewBox: `0 0 ${width} ${height}` },
      svg('g', { transform: 'translate(0 8)' }, lines, boxes),
    );
    this.canvas = el(
      'div',
      {
        class: 'canvas',
        tabindex: 0,
        'aria-label': 'Graph',
        onclick: (event) => this.pick(event),
        onkeydown: (event) => {
          if (event.key === 'Enter') this.pick(event);
        },
        onmouseover: (event) => this.light(event.target.closest('[data-node]')?.dataset.node),
        onmouseleave: () => this.light(),
        onwheel: (event) => this.wheel(event),
        onpointerdown: (event) => this.drag(event),
      },
      this.svg,
    );
    const button = (text, title, act) => el('button', { title, 'aria-label': title, onclick: act }, text);
    this.element = el(
      'div',
      { class: 'graph' },
      this.canvas,
      el(
        'div',
        { class: 'zoom' },
        button('−', 'Smaller', () => this.zoom(this.scale / 1.25)),
        button('Fit', 'Fit to the window', () => this.fit(0)),
        button('+', 'Larger', () => this.zoom(this.scale * 1.25)),
      ),
    );
  }

  pick(event) {
    const box = event.target.closest('[data-node]');
    if (box) choose(`n${box.dataset.node}`);
  }

  /// Called when it is in the page, and has a size.
  placed() {
    this.fit(0.8);
  }

  /// All of it, but not smaller than `least`, at which its text can be read.
  fit(least) {
    const [x, y] = [(this.canvas.clientWidth - 24) / this.width, (this.canvas.clientHeight - 24) / this.height];
    this.zoom(Math.max(least, Math.min(1, x, y)));
    this.canvas.scrollLeft = this.focus * this.scale - this.canvas.clientWidth / 2;
  }

  zoom(scale, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const [left, top] = [(this.canvas.scrollLeft + x) / this.scale, (this.canvas.scrollTop + y) / this.scale];
    this.scale = Math.min(2, Math.max(0.08, scale));
    this.svg.setAttribute('width', this.width * this.scale);
    this.svg.setAttribute('height', this.height * this.scale);
    this.canvas.scrollTo(left * this.scale - x, top * this.scale - y);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = this.canvas.getBoundingClientRect();
    this.zoom(this.scale * Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top);
  }

  drag(event) {
    if (event.target.closest('[data-node]') || event.button !== 0) return;
    const [x, y] = [this.canvas.scrollLeft + event.clientX, this.canvas.scrollTop + event.clientY];
    const move = (to) => this.canvas.scrollTo(x - to.clientX, y - to.clientY);
    addEventListener('pointermove', move);
    addEventListener('pointerup', () => removeEventListener('pointermove', move), { once: true });
  }

  /// Lights up the edges of a node; without one, those of what is chosen.
  light(pointed) {
    const id = pointed ?? this.chosen;
    if (this.lit === id) return;
    this.lit = id;
    const near = new Set();
    for (const line of this.lines) {
      const touches = id !== undefined && (line.dataset.from === id || line.dataset.to === id);
      line.classList.toggle('lit', touches);
      if (touches) near.add(line.dataset.from).add(line.dataset.to);
    }
    this.boxes.forEach((box, own) => box.classList.toggle('near', near.has(String(own))));
    this.svg.classList.toggle('lighting', id !== undefined);
  }

  show(id) {
    this.boxes.forEach((box, own) => box.classList.toggle('chosen', own === id));
    this.chosen = this.boxes.has(id) ? String(id) : undefined;
    this.light();
    const box = this.boxes.get(id);
    if (!box) return;
    const [frame, own] = [this.canvas.getBoundingClientRect(), box.getBoundingClientRect()];
    const inside =
      own.left >= frame.left && own.right <= frame.right && own.top >= frame.top && own.bottom <= frame.bottom;
    if (!inside) this.canvas.scrollBy(own.left - frame.left - frame.width / 2, own.top - frame.top - frame.height / 2);
  }
}
