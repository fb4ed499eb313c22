/** How parcels look. Colours come from the server's palette (fills) and from the style sheet (everything else). */
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import {inkOn, labels} from './label.js';
import {css} from './theme.js';

/** Metres per pixel above which a boundary line would hide the parcel it belongs to. */
const FAR = 2.5;
/** Metres per pixel below which labels may fit. */
const NEAR = 0.75;

/**
 * Styles of one palette, made once per status and scale.
 * @param {{property: string, stroke: string, statuses: {id: string, color: string}[]}} palette
 * @param {Set<string>} hidden statuses that are switched off; read at each drawing
 * @returns {import('ol/style/Style.js').StyleFunction}
 */
export function parcelStyle(palette, hidden) {
  const colors = new Map(palette.statuses.map((status) => [status.id, status.color]));
  const inks = new Map(palette.statuses.map((status) => [status.id, inkOn(status.color)]));
  const otherInk = inkOn(undefined);
  const cache = new Map();
  return (feature, resolution) => {
    const status = feature.get(palette.property);
    if (hidden.has(status)) return undefined;
    const scale = resolution > FAR ? 'far' : resolution > NEAR ? 'middle' : 'near';
    const key = `${status} ${scale}`;
    if (!cache.has(key)) cache.set(key, area(colors.get(status), palette.stroke, scale));
    if (scale !== 'near') return cache.get(key);
    return [cache.get(key), ...labels(feature, resolution, inks.get(status) ?? otherInk)];
  };
}

/** @returns {Style} an area; seen from far its line has its own colour, so that no gaps show between neighbours. */
function area(color, line, scale) {
  const stroke = scale === 'far' ? (color ?? line) : line;
  const width = {far: 0.5, middle: 0.5, near: 1}[scale];
  return new Style({fill: color && new Fill({color}), stroke: new Stroke({color: stroke, width, lineJoin: 'round'})});
}

/**
 * @param {number} [width] pixels
 * @returns {Style[]} of the selected parcel: a line that stands out on every colour.
 */
export function selectionStyle(width = 3) {
  return [
    new Style({stroke: new Stroke({color: css('selection-halo'), width: 2 * width + 1, lineJoin: 'round'}), zIndex: 1}),
    new Style({stroke: new Stroke({color: css('selection'), width, lineJoin: 'round'}), zIndex: 2}),
  ];
}
