'use strict';
// Reads the payload that bin/rxpress/report/packing.py packed and bin/rxpress/report/explorer.py filled, and draws
// one gene at a time. Data enters the page as text nodes and attributes only, never as HTML.

const SUGGESTED = 12;
const SIGNS = { up: '▲', down: '▼', unchanged: '–', untested: '○' };
const byId = id => document.getElementById(id);

// ---- the payload

async function unpack(text) {
  const letters = atob(text), packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const end = 4 + new DataView(bytes.buffer).getUint32(0, true);
  return { data: JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))), bytes: bytes.subarray(end) };
}

// Number i of a packed array, NaN where it is missing: its bytes lie `count` apart, lowest first.
function number(place, i) {
  const { at, count, width, step } = place;
  let whole = 0;
  for (let k = 0; k < width; k += 1) whole |= bytes[at + k * count + i] << (8 * k);
  const unused = 32 - 8 * width;
  whole = (whole << unused) >> unused;
  return whole === -(2 ** (8 * width - 1)) ? NaN : whole * step;
}

let data, bytes, lookup;

// ---- elements

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...content.filter(part => part !== null && part !== undefined && part !== ''));
  return made;
}

function drawn(name, attributes, tip) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (tip) {
    const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    title.textContent = tip;
    made.append(title);
  }
  return made;
}

function button(text, action, attributes) {
  const made = element('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', action);
  return made;
}

const quiet = text => element('p', { class: 'quiet' }, text);
const minus = text => text.replace('-', '−');
const fixed = (value, digits) => minus(value.toFixed(digits).replace(/^-(0\.?0*)$/, '$1'));
const signed = value => (value >= 0.005 ? '+' : '') + fixed(value, 2);
const plural = (n, one, many) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

// p from its negative common logarithm, two digits.
function probability(negative) {
  if (Number.isNaN(negative)) return 'NA';
  if (negative >= 323) return '< 1e−323';
  if (negative < 3) return (10 ** -negative).toPrecision(2);
  let power = Math.ceil(negative);
  let digits = (10 ** (power - negative)).toFixed(1);
  if (digits === '10.0') { power -= 1; digits = '1.0'; }
  return `${digits}e−${power}`;
}

const rounded = p => p === null ? 'NA' : probability(-Math.log10(Math.max(p, 5e-324)));

// ---- axes

// A scale from values to percent of the width, with round ticks; at least `span` wide.
function scale(low, high, span) {
  if (high - low < span) {
    const middle = (low + high) / 2;
    [low, high] = [middle - span / 2, middle + span / 2];
  }
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(k => k * unit).find(size => size >= rough);
  const margin = (high - low) * 0.04;
  [low, high] = [low - margin, high + margin];
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; k += 1) ticks.push(k * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const percent = value => 100 * (Math.min(Math.max(value, low), high) - low) / (high - low);
  return { low, high, ticks, digits, at: value => `${percent(value).toFixed(3)}%` };
}

function strip(axis, height, label) {
  const svg = drawn('svg', { height, role: 'img', 'aria-label': label });
  for (const tick of axis.ticks) {
    svg.append(drawn('line', { x1: axis.at(tick), x2: axis.at(tick), y1: -4, y2: height + 4, stroke: Math.abs(tick) < 1e-9 && axis.zero ? '#767676' : '#e4e4e4' }));
  }
  return svg;
}

function axisRow(axis, name) {
  const svg = drawn('svg', { height: 34, 'aria-hidden': 'true' });
  for (const tick of axis.ticks) {
    const text = drawn('text', { x: axis.at(tick), y: 12 });
    text.textContent = minus(tick.toFixed(axis.digits));
    svg.append(text);
  }
  const text = drawn('text', { x: '50%', y: 28 });
  text.textContent = name;
  svg.append(text);
  return element('div', { class: 'row axis' }, element('span'), svg, element('span'));
}

// ---- what is known of a gene

function changes(gene) {
  const rows = [];
  for (const study of data.studies) {
    for (const contrast of study.contrasts) {
      const at = key => contrast[key] ? number(contrast[key], gene) : NaN;
      const change = at('change'), reach = at('reach'), call = at('call');
      rows.push({
        study: study.name, id: contrast.id, label: contrast.label, speaks_of: contrast.speaks_of, joint: contrast.joint,
        change, lower: change - reach, upper: change + reach, p: at('p'), p_adjusted: at('p_adjusted'),
        call: Number.isNaN(call) ? '' : data.calls[call], same_sign: at('same_sign'), lines: at('lines'),
      });
    }
  }
  return rows;
}

function together(gene) {
  return data.together.map(contrast => {
    const change = number(contrast.change, gene), reach = number(contrast.reach, gene);
    return {
      id: contrast.id, label: contrast.label, together: true, change, lower: change - reach, upper: change + reach,
      p_adjusted: number(contrast.p_adjusted, gene), studies: number(contrast.studies, gene),
    };
  }).filter(row => !Number.isNaN(row.change));
}

function expression(study, gene) {
  const n = study.samples.length;
  return study.samples.map((_, j) => number(study.values, gene * n + j));
}

const isKnown = value => !Number.isNaN(value);
const average = values => values.reduce((sum, value) => sum + value, 0) / values.length;

// ---- sections of a gene

function interval(row) {
  return isKnown(row.lower) ? `[${fixed(row.lower, 2)}, ${fixed(row.upper, 2)}]` : '';
}

function forestStrip(row, axis) {
  const label = `${row.label}: log2 fold change ${fixed(row.change, 2)}, 95 % interval ${interval(row) || 'unknown'}`;
  const svg = strip(axis, 22, label);
  if (!isKnown(row.change)) return svg;
  const color = row.together ? 'var(--ink)' : row.call === 'up' || row.call === 'down' ? `var(--${row.call})` : '#767676';
  const middle = 11;
  if (isKnown(row.lower)) {
    svg.append(drawn('line', { x1: axis.at(row.lower), x2: axis.at(row.upper), y1: middle, y2: middle, stroke: color, 'stroke-width': 2 }));
    for (const end of [row.lower, row.upper]) {
      if (end >= axis.low && end <= axis.high) svg.append(drawn('line', { x1: axis.at(end), x2: axis.at(end), y1: middle - 4, y2: middle + 4, stroke: color, 'stroke-width': 2 }));
    }
  }
  const hollow = row.call === 'unchanged' || row.call === 'untested';
  svg.append(row.together
    ? drawn('rect', { x: axis.at(row.change), y: middle - 5, width: 10, height: 10, fill: color, transform: 'translate(-5 0)' }, label)
    : drawn('circle', { cx: axis.at(row.change), cy: middle, r: 5, fill: hollow ? '#fff' : color, stroke: color, 'stroke-width': 2 }, label));
  return svg;
}

function forestRow(row, axis, name) {
  const about = [];
  if (row.together) about.push(`${plural(row.studies, 'study', 'studies')}, fixed effect`);
  else about.push(`speaks of ${row.speaks_of}`);
  if (row.joint) about.push('joint test; drawn is the largest of its contrasts');
  if (isKnown(row.lines || NaN)) about.push(`${row.same_sign} of ${row.lines} lines change this way`);
  const told = element('div', { class: 'told' });
  if (isKnown(row.change)) {
    if (row.call) told.append(element('span', { class: `sign ${row.call}`, 'aria-hidden': 'true' }, SIGNS[row.call]), ` ${row.call} `);
    told.append(element('span', { class: 'numbers' }, `${signed(row.change)} ${interval(row)}`));
  } else {
    told.append(row.call === '' && !row.together ? 'not in this table' : 'no estimate');
  }
  const p = row.together ? '' : `p ${probability(row.p)}, `;
  if (isKnown(row.change)) told.append(element('small', {}, `${p}adjusted ${probability(row.p_adjusted)}`));
  return element('div', { class: row.together ? 'row together' : 'row', 'data-contrast': row.id, 'data-study': row.study || '' },
    element('div', { class: 'name' }, name, element('small', {}, about.join('; '))), forestStrip(row, axis), told);
}

function forest(gene) {
  const rows = changes(gene), pooled = together(gene);
  const section = element('section', { id: 'changes' }, element('h3', {}, 'Change in every contrast'));
  const known = [...rows, ...pooled].filter(row => isKnown(row.change));
  if (!rows.length) {
    section.append(quiet('No contrast was tested.'));
  } else if (!known.length) {
    section.append(quiet('No contrast has an estimate for this gene.'));
  } else {
    const furthest = Math.max(...known.map(row => Math.abs(row.change)));
    const most = Math.max(3, 2 * furthest);  // an interval may be endless; what was estimated must stay readable
    const ends = known.flatMap(row => [row.change, row.lower, row.upper]).filter(isKnown).map(end => Math.min(Math.max(end, -most), most));
    const axis = scale(Math.min(0, ...ends), Math.max(0, ...ends), 2);
    axis.zero = true;
    const several = data.studies.length > 1;
    const list = element('div', { class: 'rows forest' });
    for (const id of new Set(rows.map(row => row.id))) {
      const of = [...rows.filter(row => row.id === id), ...pooled.filter(row => row.id === id)];
      if (several) list.append(element('div', { class: 'row heading' }, of[0].label));
      for (const row of of) list.append(forestRow(row, axis, several ? (row.together ? 'All studies together' : row.study) : row.label));
    }
    list.append(axisRow(axis, 'log2 fold change with its 95 % interval'));
    section.append(quiet(`1 is twice as much, −1 half. Filled: called up or down (${data.rule} below ${data.alpha}, at least ${data.fold_change}-fold).`), list);
  }
  for (const study of data.studies) {
    for (const { label, reason } of study.untested) section.append(quiet(`Not tested${data.studies.length > 1 ? ` in ${study.name}` : ''}: ${label}${reason ? ` (${reason})` : ''}.`));
  }
  return section;
}

function expressionSection(gene) {
  const section = element('section', { id: 'expression' }, element('h3', {}, 'Expression by condition'));
  for (const study of data.studies) {
    if (data.studies.length > 1) section.append(element('h4', {}, study.name));
    const values = study.values ? expression(study, gene) : [];
    const known = values.filter(isKnown);
    if (!known.length) {
      section.append(quiet(study.values ? 'This gene is not in this study’s expression table.' : 'This study has no expression table.'));
      continue;
    }
    section.append(expressionRows(study, values, scale(Math.min(...known), Math.max(...known), 2)));
  }
  return section;
}

function expressionRows(study, values, axis) {
  const list = element('div', { class: 'rows expression', 'data-study': study.name });
  let heading = '';
  for (const group of study.groups) {
    if (group.heading !== heading) list.append(element('div', { class: 'row heading' }, group.heading));
    heading = group.heading;
    const there = group.members.filter(j => isKnown(values[j]));
    const mean = average(there.map(j => values[j]));
    const told = there.length ? `mean ${fixed(mean, 2)}` : 'no value';
    const svg = strip(axis, 22, `${group.heading} ${group.label}: ${told}, ${plural(there.length, 'sample', 'samples')}`);
    if (there.length) svg.append(drawn('line', { x1: axis.at(mean), x2: axis.at(mean), y1: 1, y2: 21, stroke: '#1a1a1a', 'stroke-width': 2.5 }));
    for (const j of there) {
      svg.append(drawn('circle', {
        cx: axis.at(values[j]), cy: 11, r: 4.5, stroke: group.color, 'stroke-width': 2,
        fill: group.hollow ? '#fff' : group.color, 'fill-opacity': group.hollow ? 0.6 : 0.45,
      }, `${study.samples[j]}: ${fixed(values[j], 2)}`));
    }
    list.append(element('div', { class: 'row' }, element('div', { class: 'name' }, group.label), svg,
      element('div', { class: 'told' }, told, element('small', {}, plural(there.length, 'sample', 'samples')))));
  }
  list.append(axisRow(axis, 'log2 expression: a dot per sample, a bar at the mean'));
  return list;
}

function tableOf(columns, rows) {
  const head = element('thead', {}, element('tr', {}, ...columns.map(name => element('th', { scope: 'col' }, name))));
  const body = element('tbody', {}, ...rows.map(cells => element('tr', {}, ...cells.map((cell, i) =>
    element('td', { 'data-label': columns[i] }, cell instanceof Node ? cell : String(cell ?? ''))))));
  return element('table', {}, head, body);
}

const verdict = text => element('span', { class: `verdict ${String(text).replaceAll(' ', '-')}` }, text);
const labelOf = (study, id) => data.studies.find(one => one.name === study)?.contrasts.find(one => one.id === id)?.label ?? id;
const inStudy = (study, label) => data.studies.length > 1 ? `${study}: ${label}` : label;

// What a publication says of the gene once, then the verdict in each contrast that it speaks of.
function markerSection(notes) {
  const section = element('section', { id: 'markers' }, element('h3', {}, 'What is known of it as a marker'));
  const claims = new Map();
  for (const note of notes) {
    const key = JSON.stringify([note.drug, note.role, note.expected, note.reference, note.note, note.remark]);
    claims.set(key, [...(claims.get(key) ?? []), note]);
  }
  for (const rows of claims.values()) {
    const { drug, role, expected, reference, note, remark } = rows[0];
    section.append(
      element('p', {}, `${role ?? 'Marker'} (${drug}), expected: ${expected}. `, element('span', { class: 'quiet' }, [reference, remark, note].filter(Boolean).join('. '))),
      tableOf(['Contrast', 'Verdict', 'Adjusted p within the panel'], rows.map(one => [
        inStudy(one.study, labelOf(one.study, one.contrast)), verdict(one.verdict), rounded(one.p_adjusted_panel),
      ])),
    );
  }
  return section;
}

function setsOf(gene) {
  const found = [];
  let start = 0;
  data.sets.forEach((set, k) => {
    const end = number(data.ends, k);
    for (let i = start; i < end; i += 1) if (number(data.members, i) === gene) { found.push(set); break; }
    start = end;
  });
  return found;
}

function setSection(sets, signatures) {
  const section = element('section', { id: 'sets' }, element('h3', {}, 'Gene sets and signatures that hold it'));
  if (sets.length) {
    const tested = sets.some(set => set.clearest) ? ['Its clearest result'] : [];
    section.append(tableOf(['Gene set', 'Genes', 'Source', ...tested], sets.map(set => [
      `${set.name} (${set.collection})`, set.size, set.source, ...tested.map(() => set.clearest ? clearest(set.clearest) : ''),
    ])));
  }
  if (signatures.length) section.append(element('p', {}, `Signatures: ${[...new Set(signatures.map(one => `${one.signature} (${one.source})`))].join(', ')}`));
  return section;
}

function clearest(result) {
  const score = result.normalized_score === null ? 'NA' : signed(result.normalized_score);
  return `${inStudy(result.study, labelOf(result.study, result.contrast))}: normalized score ${score}, adjusted p ${rounded(result.p_adjusted)} (CAMERA ${rounded(result.camera_p_adjusted)})`;
}

// ---- finding a gene

function buildLookup() {
  const symbols = data.genes.names.map(name => name.toLowerCase()), ids = data.genes.ids.map(id => id.toLowerCase());
  const exact = new Map();
  const add = (key, row) => { const rows = exact.get(key); if (!rows) exact.set(key, [row]); else if (!rows.includes(row)) rows.push(row); };
  symbols.forEach(add);
  ids.forEach(add);
  ids.forEach((id, row) => { if (/^ens[a-z]*\d+\.\d+$/.test(id)) add(id.split('.')[0], row); });
  return { symbols, ids, exact };
}

const exactly = text => lookup.exact.get(text.trim().toLowerCase()) ?? [];

// Exact matches, then symbols that begin so, then ids, then symbols that hold it; no row twice.
function suggest(text) {
  const word = text.trim().toLowerCase();
  if (!word) return [];
  const found = new Set(exactly(word));
  const begins = [[lookup.symbols, 'startsWith'], [lookup.ids, 'startsWith'], [lookup.symbols, 'includes']];
  for (const [keys, how] of begins) {
    for (let row = 0; row < keys.length && found.size < SUGGESTED; row += 1) if (keys[row][how](word)) found.add(row);
  }
  return [...found].slice(0, SUGGESTED);
}

function addressOf(gene) {
  const { names, ids } = data.genes;
  return exactly(names[gene]).length === 1 ? names[gene] : ids[gene];
}

function openGene(gene) {
  const address = `#${encodeURIComponent(addressOf(gene))}`;
  if (location.hash === address) follow(); else location.hash = address;
}

// Shows what the address asks for.
function follow() {
  let word = location.hash.slice(1);
  try { word = decodeURIComponent(word); } catch { /* a lone % stands for itself */ }
  closeSuggestions();
  if (!word) return showNothing();
  byId('gene').value = word;
  const rows = exactly(word);
  if (rows.length) showGene(rows[0], rows.slice(1)); else showUnknown(word);
}

// ---- what the middle of the page shows

// Readers by ear are told in a word what came; the rest they find in the page.
function show(said, ...content) {
  byId('status').textContent = said;
  byId('shown').replaceChildren(...content);
}

function showNothing() {
  byId('gene').value = '';
  document.title = `Gene explorer: ${data.title}`;
  const first = Number(document.querySelector('#top button')?.dataset.gene ?? 0);
  const { names, ids } = data.genes;
  if (!names.length) return show('No gene', element('p', { class: 'notice' }, 'There is no gene in these results: no study has an expression or a gene table. What was measured is in rxpress_report.html and results.xlsx.'));
  show(
    '',
    element('h2', {}, 'Type a gene'),
    element('p', {}, 'Type a symbol, such as ', button(names[first], () => openGene(first)), ', or an id, such as ', button(ids[first], () => openGene(first)),
      '; capitals do not matter. Or choose a gene from the list of those that change most surely.'),
    element('p', {}, 'You will see its change in every contrast, its expression in every sample, and what it is known for. An address that ends in ',
      element('code', {}, `#${names[first]}`), ' opens that gene.'),
  );
  markTop();
}

function showUnknown(word) {
  document.title = `${word}: not found`;
  const near = suggest(word).concat(suggest(word.slice(0, 3))).slice(0, SUGGESTED);
  const content = [element('h2', {}, 'Not found'), element('p', { class: 'notice' }, `There is no gene “${word}” in these results.`)];
  const unmeasured = data.markers.filter(note => note.row === null && note.gene?.toLowerCase() === word.toLowerCase());
  if (unmeasured.length) content.push(markerSection(unmeasured));
  if (near.length) content.push(element('div', { class: 'others' }, 'Genes that are called alike:', ...[...new Set(near)].map(geneButton)));
  content.push(quiet('Genes are found by the symbols and ids of the annotation that was used; an older or newer symbol may be there instead. Genes without any count in a study are not in its tables.'));
  show(`${word} was not found`, ...content);
  markTop();
}

const geneButton = gene => button(element('span', {}, data.genes.names[gene], ' ', element('span', { class: 'id' }, data.genes.ids[gene])), () => openGene(gene));

function showGene(gene, others) {
  const name = data.genes.names[gene], id = data.genes.ids[gene];
  document.title = `${name}: gene explorer`;
  const head = element('div', { class: 'head' }, element('h2', {}, name), name === id ? null : element('span', { class: 'id' }, id),
    button('Download these numbers', () => download(gene)));
  const content = [head];
  const same = lookup.symbols.map((symbol, row) => symbol === lookup.symbols[gene] ? row : -1).filter(row => row >= 0 && row !== gene);
  const rest = [...new Set([...same, ...others])];
  if (rest.length) {
    const buttons = rest.map(row => button(`${data.genes.names[row]} ${data.genes.ids[row]}`, () => { location.hash = encodeURIComponent(data.genes.ids[row]); }));
    content.push(element('div', { class: 'others notice' }, `${plural(rest.length, 'other gene goes', 'other genes go')} by this name:`, ...buttons));
  }
  content.push(forest(gene), expressionSection(gene));
  const notes = data.markers.filter(note => note.row === gene);
  if (notes.length) content.push(markerSection(notes));
  const sets = setsOf(gene), signatures = data.signatures.filter(note => note.row === gene);
  if (sets.length || signatures.length) content.push(setSection(sets, signatures));
  show(`${name} is shown`, ...content);
  markTop();
}

// ---- the numbers of a gene as a file

function download(gene) {
  const id = data.genes.ids[gene], name = data.genes.names[gene];
  const cell = (value, digits) => Number.isNaN(value) || value === undefined ? 'NA' : typeof value === 'number' ? String(Number(value.toFixed(digits))) : String(value).replace(/\s/g, ' ');
  const p = value => isKnown(value) ? (10 ** -value).toPrecision(3) : 'NA';
  const lines = [['gene_id', 'gene_name', 'study', 'what', 'where', 'value', 'lower', 'upper', 'p_value', 'p_adjusted', 'call']];
  for (const row of [...changes(gene), ...together(gene)]) {
    lines.push([id, name, row.study ?? 'all', 'log2_fold_change', row.id, cell(row.change, 3), cell(row.lower, 3), cell(row.upper, 3), row.p === undefined ? 'NA' : p(row.p), p(row.p_adjusted), row.call || 'NA']);
  }
  for (const study of data.studies.filter(one => one.values)) {
    expression(study, gene).forEach((value, j) => lines.push([id, name, study.name, 'log2_expression', study.samples[j], cell(value, 2), 'NA', 'NA', 'NA', 'NA', 'NA']));
  }
  const text = lines.map(cells => cells.map(value => cell(value)).join('\t')).join('\n') + '\n';
  const link = element('a', { download: `${name.replace(/[^\w.-]+/g, '_')}.tsv`, href: URL.createObjectURL(new Blob([text], { type: 'text/tab-separated-values' })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- the list of strongest genes

function listContrasts() {
  const select = byId('contrast');
  data.studies.forEach((study, s) => study.contrasts.forEach((contrast, c) => {
    select.append(element('option', { value: `${s} ${c}` }, inStudy(study.name, contrast.label)));
  }));
  select.addEventListener('change', listTop);
  const responses = [...select.options].findIndex(option => { const [s, c] = option.value.split(' '); return data.studies[s].contrasts[c].kind === 'drug'; });
  select.selectedIndex = Math.max(0, responses);
  if (select.options.length) listTop(); else document.querySelector('aside').hidden = true;
}

function listTop() {
  const [s, c] = byId('contrast').value.split(' ').map(Number);
  const contrast = data.studies[s].contrasts[c];
  byId('top').replaceChildren(...contrast.top.map(gene => {
    const change = number(contrast.change, gene), direction = change > 0 ? 'up' : 'down';
    const made = button(element('span', { class: `sign ${direction}`, 'aria-hidden': 'true' }, SIGNS[direction]), () => { openGene(gene); byId('shown').scrollIntoView(); }, { 'data-gene': gene });
    made.append(element('span', {}, data.genes.names[gene]));
    made.setAttribute('aria-label', `${data.genes.names[gene]}, ${direction}, log2 fold change ${fixed(change, 2)}`);
    return element('li', {}, made);
  }));
  markTop();
}

function markTop() {
  const gene = exactly(byId('gene').value)[0];
  for (const one of byId('top').querySelectorAll('button')) one.setAttribute('aria-current', String(Number(one.dataset.gene) === gene));
}

// ---- the search field: a combobox as WAI-ARIA describes it

let chosen = -1;

function closeSuggestions() {
  chosen = -1;
  byId('suggestions').hidden = true;
  byId('gene').setAttribute('aria-expanded', 'false');
  byId('gene').removeAttribute('aria-activedescendant');
}

function openSuggestions() {
  const rows = suggest(byId('gene').value);
  closeSuggestions();
  if (!rows.length) return;
  byId('suggestions').replaceChildren(...rows.map((row, i) => {
    const option = element('li', { role: 'option', id: `option${i}`, 'aria-selected': 'false' },
      element('span', {}, data.genes.names[row]), element('span', { class: 'id' }, data.genes.ids[row] === data.genes.names[row] ? '' : data.genes.ids[row]));
    option.addEventListener('mousedown', event => { event.preventDefault(); choose(row); });
    option.choose = () => choose(row);
    return option;
  }));
  byId('suggestions').hidden = false;
  byId('gene').setAttribute('aria-expanded', 'true');
}

// A row of the list is meant itself, even where others go by its name.
function choose(row) {
  closeSuggestions();
  openGene(row);
}

function move(by) {
  if (byId('suggestions').hidden) openSuggestions();
  const options = [...byId('suggestions').children];
  if (byId('suggestions').hidden) return;
  chosen = (chosen + by + options.length + (chosen < 0 && by < 0 ? 1 : 0)) % options.length;
  options.forEach((option, i) => option.setAttribute('aria-selected', String(i === chosen)));
  options[chosen].scrollIntoView({ block: 'nearest' });
  byId('gene').setAttribute('aria-activedescendant', options[chosen].id);
}

function listen() {
  const field = byId('gene');
  field.addEventListener('input', openSuggestions);
  field.addEventListener('blur', closeSuggestions);
  field.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); move(event.key === 'ArrowDown' ? 1 : -1); }
    if (event.key === 'Escape') closeSuggestions();
  });
  byId('search').addEventListener('submit', event => {
    event.preventDefault();
    const option = chosen < 0 ? null : byId('suggestions').children[chosen];
    if (option) return option.choose();
    const word = field.value.trim(), rows = exactly(word);
    if (rows.length === 1) return openGene(rows[0]);
    const address = `#${encodeURIComponent(word)}`;
    if (location.hash === address || !word && !location.hash) follow(); else location.hash = address;
  });
  addEventListener('hashchange', follow);
}

// ---- the page

function about() {
  const { expression: e, log2_fold_change: l } = data.steps;
  const samples = data.studies.reduce((sum, study) => sum + study.samples.length, 0);
  byId('of').textContent = `${data.title}: ${plural(data.genes.ids.length, 'gene', 'genes')}, ${plural(samples, 'sample', 'samples')}, ${plural(data.studies.length, 'study', 'studies')}`;
  byId('about').append(
    element('p', {}, `Numbers are rounded so that every gene fits into this page: expression to ${e}, log2 fold changes and the ends of intervals to ${l}, p-values to 0.2 %. The exact ones are in the tables of the results folder: `,
      element('code', {}, 'differential/<study>/<contrast>.tsv'), ', ', element('code', {}, 'expression/<study>/log2_expression.tsv'), ', ',
      element('code', {}, 'comparison/'), ' and ', element('code', {}, 'interpretation/'), '.'),
    element('p', {}, 'Expression is log2, of counts variance-stabilised: compare samples of one study by it, and take changes and p-values from the contrasts. A p-value speaks of what was replicated: replicates of a cell line say nothing of other lines. Intervals and “p” are of one gene; “adjusted” takes into account that many genes were tested (within the contrast).'),
    element('p', {}, 'Dots are coloured by line (or by response, where patients are compared); hollow ones are untreated or have the vehicle only. This file is complete: it loads nothing from the network.'),
  );
}

async function start() {
  if (typeof DecompressionStream === 'undefined') {
    show('', element('p', { class: 'notice' }, 'This browser is too old to unpack the numbers: use Chrome or Edge 80, Firefox 113, Safari 16.4 or newer.'));
    return;
  }
  ({ data, bytes } = await unpack(byId('payload').textContent));
  byId('payload').remove();
  lookup = buildLookup();
  about();
  listContrasts();
  listen();
  follow();
  document.body.dataset.ready = String(Math.round(performance.now()));
}

start().catch(error => {
  show('', element('p', { class: 'notice', role: 'alert' }, `The numbers of this page cannot be read (${error.message}): the file may be damaged. Get it again.`));
  throw error;
});
