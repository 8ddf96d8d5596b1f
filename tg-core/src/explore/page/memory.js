// The memory plan: which intermediate result is in which part of the workspace, from which kernel to which.

/// Columns narrower than `named` have no room for names of kernels: some have their numbers.
const PLAN = { left: 78, top: 14, column: 9, named: 44, least: 26, area: 330, foot: 92, right: 96 };

/// Heights of the slots: to scale, but none too small for a name.
function slotHeights() {
  const total = D.slots.reduce((sum, size) => sum + size, 0) || 1;
  return D.slots.map((size) => Math.max(PLAN.least, (size / total) * PLAN.area));
}

function memoryView() {
  const heights = slotHeights();
  const tops = heights.map((_, at) => PLAN.top + heights.slice(at + 1).reduce((sum, height) => sum + height, 0));
  const bottom = PLAN.top + heights.reduce((sum, height) => sum + height, 0);
  const column = Math.max(PLAN.column, Math.min(130, ($('view').clientWidth - 250) / D.kernels.length));
  const x = (kernel) => PLAN.left + kernel * column;
  const width = x(D.kernels.length) + PLAN.right;
  const apart = D.values.reduce((sum, [, , , size]) => sum + size, 0);
  const workspace = D.slots.reduce((sum, size) => sum + size, 0);

  const grid = D.slots.map((size, at) => [
    svg('line', {
      class: 'grid',
      x1: PLAN.left,
      x2: x(D.kernels.length),
      y1: tops[at] + heights[at],
      y2: tops[at] + heights[at],
    }),
    svg(
      'text',
      { class: 'axis', x: PLAN.left - 8, y: tops[at] + heights[at] / 2 + 4, 'text-anchor': 'end' },
      bytes(size),
    ),
  ]);
  const columns = D.kernels.map((kernel, at) => {
    const numbered = at === 0 || (at + 1) % (column < 20 ? 10 : 5) === 0;
    const words = column >= PLAN.named ? short(`${at + 1} ${kernel.name}`, 19) : numbered ? String(at + 1) : '';
    const text = svg(
      'text',
      {
        class: 'axis',
        transform: `translate(${x(at) + column / 2 - 3} ${bottom + 16}) rotate(${column >= PLAN.named ? 32 : 0})`,
      },
      words,
    );
    const lane = svg('rect', { class: 'lane', x: x(at), y: PLAN.top, width: column, height: bottom - PLAN.top });
    return svg('a', { href: `#${kernel.key}` }, lane, text, svg('title', {}, `${at + 1} ${kernel.name}`));
  });
  const bars = D.values.map(([name, dtype, shape, size, slot, first, last], at) => {
    const height = Math.max(PLAN.least - 6, (heights[slot] * size) / (D.slots[slot] || 1)) - 3;
    const y = tops[slot] + heights[slot] - height - 1.5;
    const inset = Math.min(3, column / 6);
    const wide = (last - first + 1) * column - 2 * inset;
    const words =
      [`${name}  ${dtype} ${shape}`, `${name} ${shape}`, name].find((text) => text.length * 6.6 < wide - 12) ?? '';
    return svg(
      'g',
      {
        class: `bar b${at % 6}${state.chosen === `v${at}` ? ' chosen' : ''}`,
        tabindex: 0,
        role: 'button',
        'aria-label': `${name}, ${bytes(size)}`,
        onclick: () => choose(`v${at}`),
        onkeydown: (event) => {
          if (event.key === 'Enter') choose(`v${at}`);
        },
      },
      svg('rect', { x: x(first) + inset, y, width: wide, height, rx: 4 }),
      svg('text', { x: x(first) + 10, y: y + height / 2 + 4 }, words),
      svg('title', {}, `${name}: ${dtype} ${shape}, ${bytes(size)}, kernels ${first + 1} to ${last + 1}`),
    );
  });
  if (!D.values.length) return el('div', { class: 'page' }, el('p', {}, 'Nothing is stored between kernels.'));
  return el(
    'div',
    { class: 'page' },
    el(
      'p',
      { class: 'lead' },
      `${plural(D.values.length, 'intermediate result')} of ${bytes(apart)} in all share ${plural(D.slots.length, 'slot')} of ${bytes(workspace)}. A slot is free again when the last kernel that reads it has run.`,
    ),
    el(
      'div',
      { class: 'plan' },
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${bottom + PLAN.foot}`, width, height: bottom + PLAN.foot },
        columns,
        grid,
        bars,
      ),
    ),
    el(
      'p',
      { class: 'soft' },
      'Kernels run from left to right. Heights are to scale, but for slots too small to see. Parameters are not part of the workspace.',
    ),
  );
}

function showValue(at) {
  const [name, dtype, shape, size, slot, first, last] = D.values[at];
  const readers = D.kernels.filter(
    (kernel) => kernel.number !== first + 1 && kernel.args.some(([arg]) => arg === name),
  );
  const kernelLink = (kernel) => link(kernel.key, `${kernel.number} ${kernel.name}`, { class: 'ruleref' });
  replace(
    $('detail'),
    el('h2', {}, el('b', {}, name)),
    el('p', {}, 'An intermediate result, named for the kernel that makes it.'),
    facts([
      ['type', dtype],
      ['shape', shape],
      ['size', bytes(size)],
      ['slot', `${slot} of ${D.slots.length}, ${bytes(D.slots[slot])}`],
      ['alive', `kernel ${first + 1} to ${last + 1}`],
    ]),
    el('section', {}, el('h3', {}, 'Made by'), el('div', { class: 'refs' }, kernelLink(D.kernels[first]))),
    el('section', {}, el('h3', {}, 'Read by'), el('div', { class: 'refs' }, readers.map(kernelLink))),
  );
}
