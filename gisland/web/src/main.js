/** The page: what is shown (public or staff), and what happens on a click. OPEN FIRST. */
import 'ol/ol.css';
import './app.css';
import GeoJSON from 'ol/format/GeoJSON.js';
import {fromLonLat} from 'ol/proj.js';
import {get} from './api.js';
import {byId} from './dom.js';
import {currentLanguage, number, setLanguage, t, translatePage} from './i18n.js';
import {drawLegend} from './legend.js';
import {ParcelLoader} from './loader.js';
import {createMap, extents, fit, reveal} from './map.js';
import {notice, remark} from './notice.js';
import {OVERVIEW_ZOOM, Overview} from './overview.js';
import {hidePanel, showPanel} from './panel.js';
import {readHash, writeHash} from './permalink.js';
import {clearSearch, connectSearch} from './search.js';
import {connectSession, endSession, restoreSession, showSession, signedIn} from './session.js';
import {parcelStyle} from './style.js';

const geojson = new GeoJSON({featureProjection: 'EPSG:3857'});
const overview = new Overview((news) => wide() && report(news));
const {map, layer, selection} = createMap(overview.layer);
const loader = new ParcelLoader(layer.getSource(), report);
const hidden = new Set();
/** What the server said about the layer in use. */
let shown = {palette: {layer: 'parcels', property: '', statuses: []}, counts: {total: 0, by_status: {}}, home: null};
let selected; // id of the selected parcel

/** Read palette, counts and extent of the layer for the one who is (or is not) signed in, then the parcels in view. */
async function open() {
  byId('map').dataset.state = 'loading';
  try {
    const palette = await get('/api/v1/palette');
    const [counts, collection] = await Promise.all([
      get(`/api/v1/layers/${palette.layer}/counts`),
      get(`/ogc/collections/${palette.layer}`),
    ]);
    const {all, home} = extents(collection);
    shown = {palette, counts, home};
    hidden.clear();
    layer.setStyle(parcelStyle(palette, hidden));
    loader.open(palette.layer, all);
    overview.open(palette, hidden);
    byId('map').dataset.layer = palette.layer;
  } catch (error) {
    return fail(error, start);
  }
  drawTexts();
}

/** First opening, or the next try after an error. */
async function start() {
  await open();
  if (!shown.home) return;
  const link = readHash();
  if (!link) fit(map, shown.home, {duration: 0});
  await follow(link);
  loadView();
}

/** Go where a permalink says. */
async function follow(link) {
  if (!link) return;
  map.getView().setZoom(link.zoom);
  map.getView().setCenter(link.center);
  if (link.parcel) await select(link.parcel);
}

function redraw() {
  layer.changed();
  overview.layer.changed();
}

function extentOfView() {
  return map.getView().calculateExtent(map.getSize());
}

/** Whether the view is too wide for single parcels with all their fields. */
function wide() {
  return map.getView().getZoom() <= OVERVIEW_ZOOM;
}

function loadView() {
  if (!shown.home) return;
  if (wide()) loader.stop();
  else loader.show(extentOfView());
}

/** After an error. */
function retry() {
  overview.retry();
  loadView();
}

function drawTexts() {
  clearSearch();
  translatePage();
  showSession();
  byId('qgis-project').href = `/api/v1/qgis/project?lang=${currentLanguage()}`;
  if (shown.home) drawLegend({...shown, exact: shown.palette.property === 'exact_status'}, hidden, redraw);
  const [feature] = selection.getSource().getFeatures();
  if (feature) showPanel(feature.getProperties(), shown.palette);
}

/** @param {import('./loader.js').Report} news of the loader */
function report(news) {
  byId('map').dataset.state = news.state;
  if (news.state === 'error') return fail(news.error, retry);
  if (shown.counts.total === 0) return notice(t('notice.empty'));
  const texts = {loading: 'notice.loading', far: 'notice.far', capped: 'notice.capped'};
  return notice(texts[news.state] ? t(texts[news.state], {count: number(news.shown)}) : '');
}

/** Tell an error; credentials that are no longer good end the session. */
function fail(error, retry) {
  byId('map').dataset.state = 'error';
  if (error.kind === 'unauthorized' && signedIn()) {
    loader.stop();
    endSession();
    deselect();
    void open().then(loadView);
    return remark(t('session.ended'), 'error');
  }
  if (!error.kind) console.error(error);
  return notice(error.message, {kind: 'error', retry});
}

/** Show a GeoJSON feature as the selected parcel. */
function mark(feature) {
  const [shape] = [geojson.readFeature(feature)].flat();
  selected = feature.id;
  selection.getSource().clear();
  selection.getSource().addFeature(shape);
  showPanel(shape.getProperties(), shown.palette);
  writeHash(map.getView(), selected);
  return shape;
}

/** Select a parcel by its id, read anew from the server. */
async function select(id) {
  try {
    const shape = mark(await get(`/ogc/collections/${shown.palette.layer}/items/${id}`));
    reveal(map, fromLonLat([shape.get('label_x'), shape.get('label_y')]));
  } catch (error) {
    if (error.kind === 'unauthorized') fail(error);
    else remark(error.message, 'error');
  }
}

function deselect() {
  selected = undefined;
  selection.getSource().clear();
  hidePanel();
  writeHash(map.getView(), undefined);
}

/** Select what lies at a place of the map. */
function pick(place) {
  if (wide()) return pickTile(place);
  const hits = layer.getSource().getFeaturesAtCoordinate(place);
  const hit = hits.find((feature) => !hidden.has(feature.get(shown.palette.property)));
  if (!hit) return deselect();
  mark({...geojson.writeFeatureObject(hit), id: hit.getId()});
  reveal(map, place);
  return hit;
}

/** Select what a tile shows at a place; from far single parcels are not to be had. */
function pickTile(place) {
  const only = {layerFilter: (each) => each === overview.layer};
  const hits = map.getFeaturesAtPixel(map.getPixelFromCoordinate(place), only);
  const hit = hits.find((feature) => feature.get('layer') === shown.palette.layer);
  if (!hit) return hits.length ? remark(t('notice.far')) : deselect();
  void select(hit.getId());
  return hit;
}

function zoomToSelection() {
  const [feature] = selection.getSource().getFeatures();
  if (feature) fit(map, feature.getGeometry().getExtent(), {maxZoom: 20});
}

map.getViewport().addEventListener('pointerdown', clearSearch);
map.on('click', (event) => pick(event.coordinate));
map.on('moveend', () => {
  if (!shown.home) return;
  writeHash(map.getView(), selected);
  loadView();
});
map.on('rendercomplete', () => {
  if (wide()) overview.tell(extentOfView());
});
byId('map').addEventListener('keydown', (event) => {
  if (event.key === 'Escape') deselect();
  if (event.key !== 'Enter' || event.target !== byId('map')) return;
  if (pick(map.getView().getCenter())) byId('panel').focus();
  else remark(t('parcel.nothing'));
});
byId('panel').addEventListener('keydown', (event) => {
  if (event.key === 'Escape') byId('panel-close').click();
});
byId('panel-close').addEventListener('click', () => {
  deselect();
  byId('map').focus();
});
byId('panel-zoom').addEventListener('click', zoomToSelection);
byId('zoom-full').addEventListener('click', () => shown.home && fit(map, shown.home));
byId('language').addEventListener('click', () => {
  setLanguage(currentLanguage() === 'vi' ? 'en' : 'vi');
  drawTexts();
});
const fold = (open) => {
  byId('legend').classList.toggle('open', open);
  byId('legend-toggle').setAttribute('aria-expanded', String(open));
};
byId('legend-toggle').addEventListener('click', () => fold(!byId('legend').classList.contains('open')));
if (matchMedia('(max-width: 720px)').matches) fold(false); // a phone shows the map first
window.addEventListener('hashchange', () => void follow(readHash()));
connectSearch(
  () => shown.palette.layer,
  (feature) => {
    const shape = mark(feature);
    fit(map, shape.getGeometry().getExtent(), {maxZoom: 20});
    byId('panel').focus();
  },
);
connectSession(async () => {
  const id = selected;
  deselect();
  await open();
  if (id !== undefined) await select(id);
  loadView();
});
drawTexts();
void restoreSession().catch(() => {}).then(start); // whatever keeps it away, `start` meets it, too

/** For tests and for the curious. */
Object.assign(window, {gisland: {map, layer, loader, overview}});
