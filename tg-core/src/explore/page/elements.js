// Making elements. Text is only ever set as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false && child !== ''),
  );
  return made;
}

/// An element of HTML: `el('b', {class: 'x'}, 'text', other)`.
const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
/// An element of a drawing.
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const $ = (id) => document.getElementById(id);

function replace(container, ...children) {
  container.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/// A link to a place, which the address then names.
function link(key, text, attributes = {}) {
  return el('a', { href: `#${key}`, ...attributes }, text);
}

/// A link to a node within the place that is shown.
function nodeLink(id, stage) {
  const it = node(id);
  const words = label(it, stage);
  return el(
    'button',
    { class: `noderef k-${it.kind}`, 'data-node': id, onclick: () => choose(`n${id}`) },
    el('i', { class: 'swatch' }),
    el('span', { class: 'num' }, `%${id}`),
    ' ',
    it.name,
    words && el('span', { class: 'soft' }, ` ${short(rounded(words), 28)}`),
  );
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const TOKEN = /\s+|[A-Za-z_%][\w.]*|\d[\w.]*|./g;

/// Both sides of a change, with what differs marked: all between what they begin and what they end with alike.
function difference(before, after) {
  const [left, right] = [before.match(TOKEN) ?? [], after.match(TOKEN) ?? []];
  const least = Math.min(left.length, right.length);
  let head = 0;
  while (head < least && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < least - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  const marked = (tokens, tag) => [
    tokens.slice(0, head).join(''),
    el(tag, {}, tokens.slice(head, tokens.length - tail).join('')),
    tokens.slice(tokens.length - tail).join(''),
  ];
  return [marked(left, 'del'), marked(right, 'ins')];
}

const WORDS = {
  C: /(\/\/.*|\/\*.*?\*\/)|("(?:[^"\\]|\\.)*")|\b(for|if|else|return|const|static|void|restrict|typedef|struct|unsigned|char|inline|let|mut|fn|unsafe|while|in)\b|\b((?:[fiu](?:8|16|32|64)(?:x\d+)?u?)|bf16\w*|int64_t)\b|\b(0x[\da-f]+|\d[\w.]*)/g,
  PTX: /(\/\/.*)|("(?:[^"\\]|\\.)*")|(?<![\w.])(\.[a-z]\w*|[a-z][\w]*(?:\.[\w:]+)+)|(%\w+(?:\.\w)?)|\b(0[xfd][\dA-Fa-f]+|\d+)\b/g,
  assembly: /(#.*|\/\/.*)|("(?:[^"\\]|\\.)*")|^\s+(\.?[a-z][\w.]*)|(%\w+)|(\$?-?\b0x[\da-f]+|\$-?\d+)/g,
  loops: /(\/\/.*)|("")|\b(for|in)\b|\b(i\d+|k\d+)\b|\b(\d[\w.]*)\b/g,
};
const CLASSES = ['comment', 'string', 'word', 'type', 'number'];

/// A line of code with its words coloured.
function coloured(line, language) {
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(WORDS[language] ?? WORDS.C)) {
    const group = match.slice(1).findIndex((part) => part !== undefined);
    const at = match.index + match[0].length - match[group + 1].length;
    parts.push(line.slice(end, at), el('span', { class: `c-${CLASSES[group]}` }, match[group + 1]));
    end = match.index + match[0].length;
  }
  parts.push(line.slice(end));
  return parts;
}

/// A text with numbered lines.
function code(text, language) {
  const lines = text.replace(/\n+$/, '').split('\n');
  return el(
    'pre',
    { class: 'code', tabindex: 0 },
    lines.map((line) =>
      el('span', { class: 'line' }, coloured(language === 'loops' ? rounded(line) : line, language), '\n'),
    ),
  );
}

/// A sentence whose words between backticks are code.
const prose = (text) => text.split('`').map((part, at) => (at % 2 ? el('code', {}, part) : part));

function facts(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false);
  return el(
    'dl',
    { class: 'facts' },
    shown.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}
