/** Where the pages of a print would lie: drawn over the sketch of the ward, and told in words, before it is ordered. */
import {send} from './api.js';
import {byId} from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WAIT_MS = 250;
/** Room around the pages, as a part of their extent: the neighbours stay in sight, to be chosen. */
const ROOM = 0.18;
/** Height of the number of a page, and of a group, as a part of what is shown. */
const LETTERS = 0.035;
const NARROW_PX = 420;
/** So many parcels are told one by one. */
const MOST_TOLD = 12;

let timer, asked;

/** A shape of a sketch. */
export function shape(tag, attributes, text = '') {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

/** Turns degrees into places of a sketch (`place`), and back (`locate`). @param {SVGElement} svg */
export function measures(svg) {
  const [west, north, perLon, perLat] = ['west', 'north', 'perLon', 'perLat'].map((name) => Number(svg.dataset[name]));
  return {
    place: ([lon, lat]) => [(lon - west) * perLon, (north - lat) * perLat],
    locate: ([x, y]) => [west + x / perLon, north - y / perLat],
  };
}

/** The path of a ring of places. @param {number[][]} ring */
export const pathOf = (ring, open = false) =>
  ring.length ? `M${ring.map((at) => at.map((n) => n.toFixed(2)).join(' ')).join('L')}${open ? '' : 'Z'}` : '';

/** @param {SVGElement} svg shows a box [west, north, east, south] of the sketch; none: all of it */
export function zoomTo(svg, box) {
  svg.dataset.all ??= svg.getAttribute('viewBox') ?? '';
  const [x, y, width, height] = box
    ? [box[0], box[1], box[2] - box[0], box[3] - box[1]]
    : svg.dataset.all.split(' ').map(Number);
  svg.setAttribute('viewBox', [x, y, width, height].map((each) => each.toFixed(1)).join(' '));
  const larger = svg.clientWidth < NARROW_PX ? 1.6 : 1;
  svg.style.setProperty('--letters', `${(Math.max(width, height) * LETTERS * larger).toFixed(2)}px`);
}

/** The sketch without pages. @param {SVGElement} svg */
export function clear(svg) {
  svg.querySelector('.pages')?.replaceChildren();
  svg.classList.remove('planned');
  delete svg.dataset.box;
}

/** Draw what the server has placed. */
function draw(svg, found) {
  const {place} = measures(svg);
  const path = (rings) => rings.map((ring) => pathOf(ring.map(place))).join('');
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const [shapes, numbers] = [[], []];
  for (const {geometry, properties} of found.features.features) {
    if (properties.kind === 'parcels') {
      shapes.unshift(shape('path', {class: 'parcels', d: geometry.coordinates.map(path).join('')}));
      continue;
    }
    const corners = geometry.coordinates[0].map(place);
    const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    box.splice(0, 4, Math.min(box[0], ...xs), Math.min(box[1], ...ys), Math.max(box[2], ...xs), Math.max(box[3], ...ys));
    const kind = properties.inset ? 'frame inset' : 'frame';
    shapes.push(shape('path', {class: kind, 'data-page': properties.number, d: path(geometry.coordinates)}));
    const at = {x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2};
    numbers.push(shape('text', at, String(properties.number)));
  }
  svg.querySelector('.pages').replaceChildren(...shapes, ...numbers);
  svg.classList.add('planned');
  const room = ROOM * Math.max(box[2] - box[0], box[3] - box[1]);
  svg.dataset.box = JSON.stringify([box[0] - room, box[1] - room, box[2] + room, box[3] + room]);
}

/** What was placed, in words. */
function said(found) {
  const words = byId('plan').dataset;
  const count = `${found.map_pages} ${found.map_pages === 1 ? words.page : words.pages}`;
  const paper = `${words.on} ${found.paper} ${words[found.orientation]}`;
  const scale = `1:${found.scale}${found.chosen ? ` (${words.auto})` : ''}`;
  const insets = found.insets ? `; ${words.insets}: ${found.insets}` : '';
  return `${count} ${scale} ${paper}${insets}; ${found.parcels} ${words.parcels}; ${words.besides} ${found.data_version}.`;
}

/** The parcels that would be on no map, as a warning; nothing where there are none. @param {string[]} parcels */
function warned(parcels) {
  if (!parcels.length) return [];
  const warning = document.createElement('strong');
  warning.className = 'badge alarm';
  const more = parcels.length > MOST_TOLD ? ` … (+${parcels.length - MOST_TOLD})` : '';
  warning.textContent = `${byId('plan').dataset.leftOut}: ${parcels.slice(0, MOST_TOLD).join(', ')}${more}`;
  return [' ', warning];
}

/**
 * Ask for the pages a moment after the last change, and show them.
 * @param {object} order product and inputs
 * @param {SVGElement} svg the sketch of the ward
 * @param {() => void} then when they are drawn
 * @param {(error: any) => string} why says why there are none
 */
export function plan(order, svg, then, why) {
  clearTimeout(timer);
  const mine = (asked = {});
  byId('plan').textContent = byId('plan').dataset.busy;
  byId('plan').removeAttribute('data-wrong');
  timer = setTimeout(async () => {
    try {
      const found = await send('POST', '/api/v1/prints/preview', order);
      if (mine !== asked) return;
      draw(svg, found);
      byId('plan').replaceChildren(said(found), ...warned(found.left_out));
    } catch (error) {
      if (mine !== asked) return;
      clear(svg);
      byId('plan').textContent = why(error);
      byId('plan').setAttribute('data-wrong', '');
    }
    then();
  }, WAIT_MS);
}

/** Nothing to be placed. */
export function noPlan() {
  clearTimeout(timer);
  asked = undefined;
  byId('plan').textContent = '';
}
