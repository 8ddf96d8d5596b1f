// A graph as boxes in layers: users below what they use. Constants stand inside of the boxes that use them.

/// The middle of these layers is shown first.
const FIRST = 8;
/// More boxes than this are a list.
const MOST_BOXES = 260;
const BOX = { height: 40, least: 92, gap: 18, layer: 34 };
/// How often layers are ordered, and then moved, after their neighbours.
const SWEEPS = 24;
/// An edge over more layers than this would be a line across the whole drawing: its source is named above the user instead,
/// and the line is there only while one of its ends is pointed at.
const FAR = 4;

const MOVES = new Set(['RESHAPE', 'EXPAND', 'VIEW', 'PERMUTE', 'CAST']);

/// The constant that a node is, perhaps repeated or converted; else null.
function constantOf(id) {
  for (let at = id; ; at = sources(at)[0]) {
    const it = nameOf(at);
    if (it === 'CONST') return label(node(at));
    if (!MOVES.has(it)) return null;
  }
}

/// Whether a node is a source, or only moves or converts one.
function isBare(id) {
  let at = id;
  while (MOVES.has(nameOf(at))) [at] = sources(at);
  return sources(at).every((source) => nameOf(source) === 'CONST');
}

const boxesOf = (stage) => nodesOf(stage).filter((id) => constantOf(id) === null);

/// What a box says of an argument, where that is short and says much.
const BOX_WORDS = {
  REDUCE_AXIS: (words) => words.replace('reduce ', ''),
  REDUCE: (words) => words.replace('op ', ''),
  VIEW: (words) => words.match(/strides (\[[^\]]*\])/)?.[1],
  PERMUTE: (words) => words.replace('axes ', ''),
};

/// The two lines of a box.
function boxText(id, stage) {
  const it = node(id);
  const constants = it.src.map(constantOf).filter((text) => text !== null).map(rounded);
  const words = label(it, stage);
  const named = ['BUFFER', 'DEFINE_GLOBAL', 'RANGE', 'DEFINE_ACC', 'DEFINE_LOCAL', 'DEFINE_VAR'].includes(it.name);
  const own = named ? leaf(it, stage) : (BOX_WORDS[it.name]?.(words) ?? '');
  const first = [it.name, own, ...constants].filter(Boolean).join(' ');
  const second = [it.dtype === 'void' ? '' : it.dtype, it.shape].filter(Boolean).join(' ');
  return [short(first, 30), short(second, 30)];
}

/// Boxes and bends in layers, and the edges between them. An edge over several layers has a bend in each, if it is not far.
function layered(ids, stage) {
  const items = new Map(ids.map((id) => {
    const text = boxText(id, stage);
    return [id, { id, text, width: Math.max(BOX.least, 24 + 7 * Math.max(text[0].length, text[1].length * 0.92)), layer: 0, ups: [], downs: [] }];
  }));
  const edges = [];
  for (const [id, item] of items) {
    const above = [...new Set(sources(id))].filter((source) => items.has(source)).map((source) => items.get(source));
    item.layer = Math.max(0, ...above.map((source) => source.layer + 1));
    above.forEach((source) => edges.push({ from: source, to: item, path: [] }));
  }
  // What computes nothing stands just above its first user, not at the top.
  for (const item of [...items.values()].toReversed()) {
    const users = edges.filter((edge) => edge.from === item).map((edge) => edge.to.layer);
    if (users.length && isBare(item.id)) item.layer = Math.min(...users) - 1;
  }
  const layers = [];
  const add = (item) => (layers[item.layer] ??= []).push(item);
  items.forEach(add);
  for (const edge of edges) {
    edge.far = edge.to.layer - edge.from.layer > FAR;
    if (edge.far) continue;
    let last = edge.from;
    for (let layer = edge.from.layer + 1; layer <= edge.to.layer; layer++) {
      const next = layer === edge.to.layer ? edge.to : { bend: true, width: 8, layer, ups: [], downs: [] };
      if (next.bend) add(next);
      last.downs.push(next);
      next.ups.push(last);
      edge.path.push(next);
      last = next;
    }
  }
  return { layers: layers.map((layer) => layer ?? []), edges, items };
}

const mean = (items, of) => items.reduce((sum, item) => sum + of(item), 0) / items.length;

/// Orders each layer by where its neighbours are, from above and from below in turn.
function order(layers) {
  layers.forEach((layer) => layer.forEach((item, at) => { item.at = at; }));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      for (const item of layer) {
        const near = down ? item.ups : item.downs;
        item.want = near.length ? mean(near, (other) => other.at) : item.at;
      }
      layer.sort((a, b) => a.want - b.want || a.at - b.at);
      layer.forEach((item, at) => { item.at = at; });
    }
  }
}

/// How much more a bend wants to stand below the one before it than a box wants to stand below its source.
const STIFF = 5;

const gapAfter = (item) => (item.bend ? BOX.gap / 2 : BOX.gap);

/// Moves the items of a layer to where they want to be, as far as their order and widths allow: what overlaps forms a block
/// that stands at the mean of what its members want.
function settle(layer) {
  const blocks = [];
  for (const item of layer) {
    let block = { items: [item], width: item.width, want: item.want - item.width / 2, weight: item.bend ? STIFF : 1 };
    while (blocks.length) {
      const left = blocks[blocks.length - 1];
      const gap = gapAfter(left.items[left.items.length - 1]);
      if (left.want + left.width + gap <= block.want) break;
      blocks.pop();
      const moved = block.want - left.width - gap;
      const weight = left.weight + block.weight;
      block = {
        items: [...left.items, ...block.items], width: left.width + gap + block.width,
        want: (left.want * left.weight + moved * block.weight) / weight, weight,
      };
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let x = block.want;
    for (const item of block.items) {
      item.x = x + item.width / 2;
      x += item.width + gapAfter(item);
    }
  }
}

function positions(layers) {
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) {
      item.x = x + item.width / 2;
      x += item.width + gapAfter(item);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      for (const item of layer) {
        const near = item.bend || sweep > SWEEPS - 5 ? [...item.ups, ...item.downs] : down ? item.ups : item.downs;
        const bends = item.bend ? near.filter((other) => other.bend) : [];
        item.want = near.length ? mean(bends.length ? bends : near, (other) => other.x) : item.x;
      }
      settle(layer);
    }
  }
}

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

/// The graph of a stage, with its size on paper.
function drawing(stage) {
  const { layers, edges, items } = layered(boxesOf(stage), stage);
  order(layers);
  positions(layers);
  const all = layers.flat();
  const left = Math.min(...all.map((item) => item.x - item.width / 2)) - 12;
  const width = Math.max(...all.map((item) => item.x + item.width / 2)) + 12 - left;
  const height = layers.length * (BOX.height + BOX.layer) + 12;
  const fresh = freshOf(stage);
  const lines = edges.map((edge) => svg('path', { class: edge.far ? 'edge far' : 'edge', d: curve(edge, left), 'data-from': edge.from.id, 'data-to': edge.to.id }));
  const above = new Map();
  for (const edge of edges.filter((edge) => edge.far)) above.set(edge.to.id, [...(above.get(edge.to.id) ?? []), farName(edge.from.id, stage)]);
  const tags = new Map(stage.nodes.map((root, at) => [root, stage.labels[at]]));
  const boxes = [...items.values()].map((item) => {
    const { kind } = node(item.id);
    return svg('g', { class: `box k-${kind}${fresh.has(item.id) ? ' made' : ''}`, transform: `translate(${(item.x - left - item.width / 2).toFixed(1)} ${yOf(item)})`, 'data-node': item.id, tabindex: 0, role: 'button', 'aria-label': item.text.join(' ') },
      svg('rect', { width: item.width, height: BOX.height, rx: 7 }),
      svg('rect', { class: 'strip', x: 0, y: 8, width: 4, height: BOX.height - 16, rx: 2 }),
      svg('text', { x: 13, y: item.text[1] ? 17 : 24, class: 'first' }, item.text[0]),
      svg('text', { x: 13, y: 31, class: 'second' }, item.text[1]),
      above.has(item.id) && svg('text', { x: item.width / 2 + 7, y: -6, class: 'above' }, short(`↑ ${above.get(item.id).join(', ')}`, 26)),
      tags.get(item.id) && svg('text', { x: item.width / 2 + 7, y: BOX.height + 14, class: 'root' }, `→ ${tags.get(item.id)}`));
  });
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
    this.svg = svg('svg', { viewBox: `0 0 ${width} ${height}` }, svg('g', { transform: 'translate(0 8)' }, lines, boxes));
    this.canvas = el('div', {
      class: 'canvas', tabindex: 0, 'aria-label': 'Graph',
      onclick: (event) => this.pick(event), onkeydown: (event) => { if (event.key === 'Enter') this.pick(event); },
      onmouseover: (event) => this.light(event.target.closest('[data-node]')?.dataset.node), onmouseleave: () => this.light(),
      onwheel: (event) => this.wheel(event), onpointerdown: (event) => this.drag(event),
    }, this.svg);
    const button = (text, title, act) => el('button', { title, 'aria-label': title, onclick: act }, text);
    this.element = el('div', { class: 'graph' }, this.canvas, el('div', { class: 'zoom' },
      button('−', 'Smaller', () => this.zoom(this.scale / 1.25)),
      button('Fit', 'Fit to the window', () => this.fit(0)),
      button('+', 'Larger', () => this.zoom(this.scale * 1.25))));
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
    const inside = own.left >= frame.left && own.right <= frame.right && own.top >= frame.top && own.bottom <= frame.bottom;
    if (!inside) this.canvas.scrollBy(own.left - frame.left - frame.width / 2, own.top - frame.top - frame.height / 2);
  }
}
