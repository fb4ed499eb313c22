/**
 * An area that is drawn on the sketch of a ward: a click sets a corner, the first corner or a double click closes it, a
 * drag draws a rectangle. Enter closes it, too, Backspace takes a corner back, Escape drops it.
 */
import {placing, shape} from './pages.js';

const NEAR_PX = 7;
const DIGITS = 6;

/** What is being drawn: where, its corners, the corner that a drag began at, and whom to tell. */
let current;
/** The click that ends a drawing chooses no group. */
let ending = false;

export const isDrawing = () => Boolean(current) || ending;

const apart = (svg, a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) * (svg.getScreenCTM()?.a ?? 1);

/** Where the pointer is on the sketch. @param {PointerEvent} event */
function at(event) {
  const matrix = current.svg.getScreenCTM().inverse();
  const {x, y} = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [x, y];
}

const rectangle = ([west, north], [east, south]) => [[west, north], [east, north], [east, south], [west, south]];

/** @param {SVGElement} svg @param {number[][]} corners @param {boolean} open */
function paint(svg, corners, open) {
  const path = corners.length ? `M${corners.map((corner) => corner.map((n) => n.toFixed(2)).join(' ')).join('L')}${open ? '' : 'Z'}` : '';
  svg.querySelector('.area').replaceChildren(shape('path', {d: path, class: open ? 'open' : ''}));
}

function end(corners) {
  const {svg, done} = current;
  svg.classList.remove('drawing');
  document.removeEventListener('keydown', key, true);
  for (const [name, listener] of Object.entries(POINTER)) svg.removeEventListener(name, listener);
  current = undefined;
  ending = true;
  setTimeout(() => (ending = false));
  done(corners && geometry(svg, corners));
}

const close = () => current.corners.length >= 3 && end(current.corners);

/** A GeoJSON polygon in degrees, its ring against the clock. */
function geometry(svg, corners) {
  const [west, north, perLon, perLat] = ['west', 'north', 'perLon', 'perLat'].map((name) => Number(svg.dataset[name]));
  const ring = corners.map(([x, y]) => [west + x / perLon, north - y / perLat].map((n) => Number(n.toFixed(DIGITS))));
  const turn = ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  if (turn < 0) ring.reverse();
  return {type: 'Polygon', coordinates: [[...ring, ring[0]]]};
}

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.key === 'Escape') end(undefined);
  else if (event.key === 'Enter') close();
  else if (event.key === 'Backspace') paint(current.svg, (current.corners = current.corners.slice(0, -1)), true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const POINTER = {
  /** @param {PointerEvent} event */
  pointerdown(event) {
    if (event.button) return;
    event.preventDefault();
    current.from = at(event);
    current.svg.setPointerCapture(event.pointerId);
  },
  /** @param {PointerEvent} event */
  pointermove(event) {
    const {svg, from, corners} = current;
    const here = at(event);
    if (!from || corners.length) paint(svg, corners.length ? [...corners, here] : [], true);
    else if (apart(svg, from, here) > NEAR_PX) paint(svg, rectangle(from, here), false);
  },
  /** @param {PointerEvent} event */
  pointerup(event) {
    const {svg, from, corners} = current;
    if (!from) return;
    const here = at(event);
    current.from = undefined;
    if (!corners.length && apart(svg, from, here) > NEAR_PX) return end(rectangle(from, here));
    if (corners.length >= 3 && apart(svg, corners[0], here) <= NEAR_PX) return close();
    if (corners.length && apart(svg, corners.at(-1), here) <= NEAR_PX) return;
    corners.push(here);
    paint(svg, corners, true);
  },
  pointercancel() {
    current.from = undefined;
  },
  dblclick: close,
};

/**
 * Let an area be drawn.
 * @param {SVGElement} svg the sketch
 * @param {(area: object | undefined) => void} done gets a polygon in degrees (GeoJSON), or nothing when it was dropped
 */
export function startDrawing(svg, done) {
  current = {svg, corners: [], from: undefined, done};
  paint(svg, [], true);
  svg.classList.add('drawing');
  document.addEventListener('keydown', key, true);
  for (const [name, listener] of Object.entries(POINTER)) svg.addEventListener(name, listener);
}

/** End what is being drawn. */
export const stopDrawing = () => current && end(undefined);

/**
 * Show the area of an order: a polygon, several, or a box `west,south,east,north`, in degrees.
 * @param {SVGElement} svg the sketch
 * @param {string} said as the order has it; '' where there is none
 */
export function showArea(svg, said) {
  const place = placing(svg);
  const rings = ringsOf(said).map((ring) => `M${ring.map((corner) => place(corner).map((n) => n.toFixed(2)).join(' ')).join('L')}Z`);
  svg.querySelector('.area').replaceChildren(...(rings.length ? [shape('path', {d: rings.join('')})] : []));
}

/** The rings of an area; none of what is no area (yet). @param {string} said @returns {[number, number][][]} */
function ringsOf(said) {
  const box = said.split(',').map(Number);
  if (box.length === 4 && box.every(Number.isFinite)) {
    const [west, south, east, north] = box;
    return [/** @type {[number, number][]} */ (rectangle([west, north], [east, south]))];
  }
  try {
    const {type, coordinates} = JSON.parse(said);
    return type === 'Polygon' ? coordinates : type === 'MultiPolygon' ? coordinates.flat() : [];
  } catch {
    return [];
  }
}
