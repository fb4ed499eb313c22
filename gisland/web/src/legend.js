/** The legend: a bar of shares, and per status its colour, name, number and share; a click hides or shows it. */
import {byId, el} from './dom.js';
import {currentLanguage, number, t} from './i18n.js';

/**
 * Draw the legend.
 * @param {{palette: any, counts: {total: number, by_status: Record<string, number>}, exact: boolean}} data
 * @param {Set<string>} hidden statuses that are switched off; changed by clicks
 * @param {() => void} changed called after a click
 */
export function drawLegend({palette, counts, exact}, hidden, changed) {
  // what is done first, then what remains, the worst first
  const rank = (status) => (status.id === 'verified' ? -Infinity : status.order);
  const statuses = [...palette.statuses].sort((a, b) => rank(a) - rank(b));
  const countOf = (status) => counts.by_status[status.id] ?? 0;
  const share = (status) => (counts.total ? (100 * countOf(status)) / counts.total : 0);
  const verified = statuses.find((status) => status.id === 'verified');
  byId('legend-kind').textContent = t(exact ? 'legend.staff' : 'legend.public');
  byId('legend-total').textContent = t('legend.total', {count: number(counts.total)});
  byId('legend-share').textContent = verified ? `${number(share(verified), 1)} %` : '';
  byId('legend-bar').replaceChildren(...statuses.filter(countOf).map((status) => segment(status, share(status))));
  byId('legend-list').replaceChildren(
    ...statuses.map((status) => entry(status, countOf(status), share(status), hidden, changed)),
  );
}

function label(status) {
  return status.label[currentLanguage()] ?? status.label.vi;
}

function segment(status, share) {
  const part = el('span', {title: `${label(status)}: ${number(share, 1)} %`});
  part.style.backgroundColor = status.color;
  part.style.flexGrow = String(share);
  return part;
}

function entry(status, count, share, hidden, changed) {
  const swatch = el('span', {className: 'swatch'});
  swatch.style.backgroundColor = status.color;
  const button = el(
    'button',
    {type: 'button', title: t('legend.hint')},
    swatch,
    el('span', {className: 'name'}, label(status)),
    el('span', {className: 'count'}, number(count)),
    el('span', {className: 'share'}, `${number(share, 1)} %`),
  );
  button.dataset.status = status.id;
  button.setAttribute('aria-pressed', String(!hidden.has(status.id)));
  button.addEventListener('click', () => {
    if (!hidden.delete(status.id)) hidden.add(status.id);
    button.setAttribute('aria-pressed', String(!hidden.has(status.id)));
    changed();
  });
  return el('li', {}, button);
}
