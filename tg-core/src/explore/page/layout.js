// Where the boxes of a graph stand: in layers, users below what they use. Constants stand inside of the boxes that use them.

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
  const constants = it.src
    .map(constantOf)
    .filter((text) => text !== null)
    .map(rounded);
  const words = label(it, stage);
  const named = ['BUFFER', 'DEFINE_GLOBAL', 'RANGE', 'DEFINE_ACC', 'DEFINE_LOCAL', 'DEFINE_VAR'].includes(it.name);
  const own = named ? leaf(it, stage) : (BOX_WORDS[it.name]?.(words) ?? '');
  const first = [it.name, own, ...constants].filter(Boolean).join(' ');
  const second = [it.dtype === 'void' ? '' : it.dtype, it.shape].filter(Boolean).join(' ');
  return [short(first, 30), short(second, 30)];
}

/// Boxes and bends in layers, and the edges between them. An edge over several layers has a bend in each, if it is not far.
function layered(ids, stage) {
  const items = new Map(
    ids.map((id) => {
      const text = boxText(id, stage);
      return [
        id,
        {
          id,
          text,
          width: Math.max(BOX.least, 24 + 7 * Math.max(text[0].length, text[1].length * 0.92)),
          layer: 0,
          ups: [],
          downs: [],
        },
      ];
    }),
  );
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
  layers.forEach((layer) =>
    layer.forEach((item, at) => {
      item.at = at;
    }),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      for (const item of layer) {
        const near = down ? item.ups : item.downs;
        item.want = near.length ? mean(near, (other) => other.at) : item.at;
      }
      layer.sort((a, b) => a.want - b.want || a.at - b.at);
      layer.forEach((item, at) => {
        item.at = at;
      });
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
        items: [...left.items, ...block.items],
        width: left.width + gap + block.width,
        want: (left.want * left.weight + moved * block.weight) / weight,
        weight,
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
