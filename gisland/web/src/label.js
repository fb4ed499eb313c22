/**
 * Parcel labels as a cadastral map writes them: land type left of a fraction, parcel number over area, decimal comma
 * (Thông tư 25/2014/TT-BTNMT). A parcel too small for it gets the next of: the fraction turned along
 * the parcel, one line "ODT 18/421,1", sheet/parcel number, the number alone, nothing. A label never leaves its parcel,
 * so no two ever collide.
 */
import {asArray} from 'ol/color.js';
import LineString from 'ol/geom/LineString.js';
import Point from 'ol/geom/Point.js';
import {fromLonLat} from 'ol/proj.js';
import Fill from 'ol/style/Fill.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import Text from 'ol/style/Text.js';
import {css} from './theme.js';

const SIZE = 12; // pixels
const LINE = 14;
const GAP = 4;
/** Metres per pixel up to which type and area are written, not only the number. */
const DETAIL = 0.32;

const pen = document.createElement('canvas').getContext('2d');
const widths = new Map();
const font = `${SIZE}px ${css('font')}`;
/** Text sits a little above its middle; this puts both halves of a fraction at the same distance from the bar. */
const DROP = 1.5;

/**
 * The pens for a ground colour: dark on light, light on dark.
 * @param {string | undefined} ground CSS colour
 */
export function inkOn(ground) {
  const linear = asArray(ground ?? css('card')).map((part) => (part / 255) ** 2.2);
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  const color = luminance > 0.2 ? css('ink') : css('card');
  return {fill: new Fill({color}), line: new Stroke({color})};
}

/**
 * @param {import('ol/Feature.js').FeatureLike} feature
 * @param {number} resolution metres per pixel
 * @param {{fill: Fill, line: Stroke}} ink
 * @returns {Style[]}
 */
export function labels(feature, resolution, ink) {
  const {sheet_no: sheet, parcel_no: parcel, land_type: type, area_m2: area} = feature.getProperties();
  const centre = fromLonLat([feature.get('label_x'), feature.get('label_y')]);
  const along = uprightAngle(feature.get('label_angle') ?? 0);
  const short = [() => line(`${sheet}/${parcel}`), () => line(`${parcel}`)];
  const size = Number(area).toFixed(1).replace('.', ',');
  const full = [() => fraction(type ?? '', `${parcel}`, size), () => line(`${type ?? ''} ${parcel}/${size}`.trim())];
  for (const make of resolution <= DETAIL ? [...full, ...short] : short) {
    const label = make();
    for (const angle of [0, along]) {
      const place = placer(centre, angle, resolution);
      if (fits(feature.getGeometry(), place, label)) return label.draw(place, angle, ink);
    }
  }
  return [];
}

/** @returns {number} radians counter-clockwise, within ±90° so that the text is not upside down. */
function uprightAngle(degrees) {
  const turned = ((degrees % 180) + 180) % 180;
  return ((turned > 90 ? turned - 180 : turned) * Math.PI) / 180;
}

/**
 * @param {number[]} centre web mercator
 * @returns {(x: number, y: number) => number[]} from pixels (right, up) around a turned centre to the map
 */
function placer([x0, y0], angle, resolution) {
  const [cos, sin] = [Math.cos(angle) * resolution, Math.sin(angle) * resolution];
  return (x, y) => [x0 + x * cos - y * sin, y0 + x * sin + y * cos];
}

function fits(geometry, place, {width, height}) {
  const [x, y] = [width / 2 + 1, height / 2];
  return [[-x, -y], [x, -y], [x, y], [-x, y], [-x, 0], [x, 0]].every(([right, up]) =>
    geometry.intersectsCoordinate(place(right, up)),
  );
}

function widthOf(text) {
  if (!widths.has(text)) {
    pen.font = font;
    widths.set(text, pen.measureText(text).width);
  }
  return widths.get(text);
}

/** One line of text. */
function line(text) {
  return {width: widthOf(text), height: SIZE, draw: (place, angle, ink) => [write(text, place(0, -DROP / 2), angle, ink)]};
}

/** Land type left of number over area. */
function fraction(type, above, below) {
  const left = type ? widthOf(type) + GAP : 0;
  const bar = Math.max(widthOf(above), widthOf(below));
  const width = left + bar;
  const middle = width / 2 - bar / 2;
  const draw = (place, angle, ink) => [
    write(type, place((left - GAP - width) / 2, -DROP / 2), angle, ink),
    write(above, place(middle, LINE / 2 - DROP), angle, ink),
    write(below, place(middle, -LINE / 2 - DROP), angle, ink),
    new Style({geometry: new LineString([place(width / 2 - bar, 0), place(width / 2, 0)]), stroke: ink.line}),
  ];
  return {width, height: 2 * LINE, draw};
}

function write(text, at, angle, ink) {
  return new Style({
    geometry: new Point(at),
    text: new Text({text, font, fill: ink.fill, rotation: -angle, declutterMode: 'none'}),
  });
}
