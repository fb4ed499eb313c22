/**
 * An area that is drawn on the sketch of a ward: a click sets a corner, the first corner or a double click closes it, a
 * drag draws a rectangle. Enter closes it, too, Backspace takes a corner back, Escape drops it.
 */
import {measures, pathOf, shape} from './pages.js';

const NEAR_PX = {touch: 22, mouse: 7};
const DIGITS = 6;
/** The click that ends a drawing, which on a touch screen comes later, and its second half choose no group. */
const ENDING_MS = 500;
/** Where keys are for somebody else. */
const OTHERS = 'input, select, textarea, a, button:not(#draw)';

/** What is being drawn: where, its corners, the corner that a drag began at, and whom to tell. */
let current;
let endedAt = -Infinity;

export const isDrawing = () => Boolean(current) || performance.now() - endedAt < ENDING_MS;

/** @param {PointerEvent} event */
const near = (event) => (event.pointerType === 'touch' ? NEAR_PX.touch : NEAR_PX.mouse);

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
  current?.changed(current.corners.length);
  svg.querySelector('.area').replaceChildren(shape('path', {d: pathOf(corners, open), class: open ? 'open' : ''}));
}

function end(corners) {
  const {svg, done} = current;
  svg.classList.remove('drawing');
  document.removeEventListener('keydown', key, true);
  for (const [name, listener] of Object.entries(POINTER)) svg.removeEventListener(name, listener);
  current = undefined;
  endedAt = performance.now();
  done(corners && geometry(svg, corners));
}

/** Close what is being drawn, when it is an area. */
export function closeDrawing() {
  if (current?.corners.length >= 3) end(current.corners);
}

/** A GeoJSON polygon in degrees, its ring against the clock. */
function geometry(svg, corners) {
  const {locate} = measures(svg);
  const ring = corners.map((corner) => locate(corner).map((n) => Number(n.toFixed(DIGITS))));
  const turn = ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  if (turn < 0) ring.reverse();
  return {type: 'Polygon', coordinates: [[...ring, ring[0]]]};
}

/** @param {KeyboardEvent} event */
function key(event) {
  const other = event.isComposing || event.ctrlKey || event.altKey || event.metaKey;
  if (other || /** @type {Element} */ (event.target).closest?.(OTHERS)) return;
  if (event.key === 'Escape') end(undefined);
  else if (event.key === 'Enter') closeDrawing();
  else if (event.key === 'Backspace') {
    current.corners.pop();
    paint(current.svg, current.corners, true);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

const POINTER = {
  /** @param {PointerEvent} event */
  pointerdown(event) {
    if (event.button || !event.isPrimary) return;
    event.preventDefault();
    current.from = at(event);
    current.svg.setPointerCapture(event.pointerId);
  },
  /** @param {PointerEvent} event */
  pointermove(event) {
    const {svg, from, corners} = current;
    const here = at(event);
    if (corners.length) paint(svg, [...corners, here], true);
    else if (from && apart(svg, from, here) > near(event)) paint(svg, rectangle(from, here), false);
  },
  /** @param {PointerEvent} event */
  pointerup(event) {
    const {svg, from, corners} = current;
    if (!from || !event.isPrimary) return;
    const here = at(event);
    current.from = undefined;
    const isNear = (corner) => apart(svg, corner, here) <= near(event);
    const drawn = rectangle(from, here);
    if (!corners.length && !isNear(from)) {
      // A line is no area.
      if (!isNear(drawn[1]) && !isNear(drawn[3])) return end(drawn);
      return paint(svg, [], true);
    }
    if (corners.length >= 3 && isNear(corners[0])) return closeDrawing();
    if (corners.length && isNear(corners.at(-1))) return;
    corners.push(here);
    paint(svg, corners, true);
  },
  pointercancel() {
    current.from = undefined;
    paint(current.svg, current.corners, true);
  },
  dblclick: closeDrawing,
};

/**
 * Let an area be drawn.
 * @param {SVGElement} svg the sketch
 * @param {(corners: number) => void} changed gets how many corners there are
 * @param {(area: object | undefined) => void} done gets a polygon in degrees (GeoJSON), or nothing when it was dropped
 */
export function startDrawing(svg, changed, done) {
  current = {svg, corners: [], from: undefined, changed, done};
  paint(svg, [], true);
  svg.classList.add('drawing');
  document.addEventListener('keydown', key, true);
  for (const [name, listener] of Object.entries(POINTER)) svg.addEventListener(name, listener);
}

/** Drop what is being drawn. */
export function stopDrawing() {
  if (current) end(undefined);
}

/**
 * Show the area of an order: a polygon, several, or a box `west,south,east,north`, in degrees.
 * @param {SVGElement} svg the sketch
 * @param {string} said as the order has it; '' where there is none
 */
export function showArea(svg, said) {
  const {place} = measures(svg);
  let d = '';
  try {
    d = ringsOf(said).map((ring) => pathOf(ring.map(place))).join('');
  } catch {
    // No area, or none yet: what is wrong with it is told when it is ordered.
  }
  svg.querySelector('.area').replaceChildren(...(d && !d.includes('NaN') ? [shape('path', {d})] : []));
}

/** The rings of an area in degrees. @param {string} said */
function ringsOf(said) {
  const box = said.split(',').map(Number);
  if (box.length === 4) return [rectangle([box[0], box[3]], [box[2], box[1]])];
  return said ? polygonsOf(JSON.parse(said)).flat() : [];
}

/** The polygons of GeoJSON; none where it has a CRS of its own. */
function polygonsOf({type, coordinates, geometry, features, crs}) {
  if (crs) return [];
  if (features) return features.flatMap(polygonsOf);
  return geometry ? polygonsOf(geometry) : type === 'Polygon' ? [coordinates] : coordinates;
}
