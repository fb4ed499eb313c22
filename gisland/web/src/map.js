/** The map itself: a layer of parcels, one for wide views below it, one for the selection, and the controls. */
import Map from 'ol/Map.js';
import View from 'ol/View.js';
import {ScaleLine} from 'ol/control.js';
import VectorLayer from 'ol/layer/Vector.js';
import {transformExtent} from 'ol/proj.js';
import VectorSource from 'ol/source/Vector.js';
import {describePlace} from './crs.js';
import {byId} from './dom.js';
import {OVERVIEW_ZOOM} from './overview.js';
import {selectionStyle} from './style.js';

/** Vietnam, shown while there is no parcel at all (web mercator). */
const COUNTRY = transformExtent([102.1, 8.2, 109.6, 23.4], 'EPSG:4326', 'EPSG:3857');
const MOVE_MS = 250;

/**
 * @param {import('ol/layer/Layer.js').default} overview shown in wide views instead of the parcels
 * @returns {{map: Map, layer: VectorLayer, selection: VectorLayer}}
 */
export function createMap(overview) {
  const layer = new VectorLayer({source: new VectorSource(), minZoom: OVERVIEW_ZOOM});
  const selection = new VectorLayer({source: new VectorSource(), style: selectionStyle()});
  const map = new Map({
    target: 'map',
    layers: [overview, layer, selection],
    controls: [new ScaleLine({target: 'scale', minWidth: 80})],
    view: new View({maxZoom: 22, minZoom: 4, enableRotation: false}),
  });
  map.getView().fit(COUNTRY);
  button('zoom-in', () => map.getView().animate({zoom: map.getView().getZoom() + 1, duration: MOVE_MS}));
  button('zoom-out', () => map.getView().animate({zoom: map.getView().getZoom() - 1, duration: MOVE_MS}));
  showCoordinates(map);
  return {map, layer, selection};
}

function button(id, act) {
  byId(id).addEventListener('click', act);
}

function showCoordinates(map) {
  const box = byId('coordinates');
  map.on('pointermove', (event) => {
    if (event.dragging) return;
    const {vn2000, wgs84} = describePlace(event.coordinate);
    box.replaceChildren(...[vn2000, wgs84].filter(Boolean).map(line));
  });
  map.getViewport().addEventListener('pointerleave', () => box.replaceChildren());
}

function line(text) {
  const element = document.createElement('span');
  element.textContent = text;
  return element;
}

/**
 * Where a collection has features. With several boxes (OGC API: the first is the union of the others) the second is
 * the first of them: a union of wards far from each other would show an empty country.
 * @param {any} collection OGC API collection document
 * @returns {{all: import('ol/extent.js').Extent, home: import('ol/extent.js').Extent}} web mercator
 */
export function extents(collection) {
  const boxes = collection.extent?.spatial?.bbox ?? [];
  const mercator = boxes.map((box) => transformExtent(box, 'EPSG:4326', 'EPSG:3857'));
  return {all: mercator[0] ?? COUNTRY, home: mercator[1] ?? mercator[0] ?? COUNTRY};
}

/**
 * Show an extent between the boxes that lie over the map.
 * @param {Map} map
 * @param {import('ol/extent.js').Extent} extent
 * @param {{maxZoom?: number, duration?: number}} [options]
 */
export function fit(map, extent, options = {}) {
  const narrow = matchMedia('(max-width: 720px)').matches;
  const panel = document.body.classList.contains('with-panel');
  const padding = narrow ? [24, 16, panel ? 420 : 90, 16] : [24, panel ? 390 : 70, 48, 340];
  map.getView().fit(extent, {padding, duration: MOVE_MS, ...options});
}

/**
 * Move the map when a place would lie under the panel of the selected parcel.
 * @param {Map} map
 * @param {import('ol/coordinate.js').Coordinate} place web mercator
 */
export function reveal(map, place) {
  map.renderSync(); // a map that was never drawn knows no pixels
  const [x, y] = map.getPixelFromCoordinate(place);
  const panel = byId('panel').getBoundingClientRect();
  const frame = map.getTargetElement().getBoundingClientRect();
  const [left, top] = [panel.left - frame.left, panel.top - frame.top];
  if (x < left || y < top || y > top + panel.height) return;
  const beside = left > 0 ? [Math.max(left - 80, left / 2), y] : [x, top / 2];
  const view = map.getView();
  const step = view.getResolution();
  const [east, north] = view.getCenter();
  view.animate({center: [east + (x - beside[0]) * step, north - (y - beside[1]) * step], duration: MOVE_MS});
}
