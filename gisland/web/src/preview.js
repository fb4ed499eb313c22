/** The map on the pages of the OGC API: a layer as its style says, and the features of the page outlined. */
import 'ol/ol.css';
import './preview.css';
import Map from 'ol/Map.js';
import View from 'ol/View.js';
import {ScaleLine, Zoom} from 'ol/control.js';
import {isEmpty} from 'ol/extent.js';
import GeoJSON from 'ol/format/GeoJSON.js';
import MVT from 'ol/format/MVT.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorTileLayer from 'ol/layer/VectorTile.js';
import {transformExtent} from 'ol/proj.js';
import VectorSource from 'ol/source/Vector.js';
import OGCVectorTile from 'ol/source/OGCVectorTile.js';
import {stylefunction} from 'ol-mapbox-style';
import {get} from './api.js';
import {byId} from './dom.js';
import {selectionStyle} from './style.js';

const format = new GeoJSON({featureProjection: 'EPSG:3857'});

/** Where the features of the page lie, or the whole layer (degrees). */
async function extentOf(box, outlined) {
  if (!box.dataset.features) return transformExtent(JSON.parse(box.dataset.bbox), 'EPSG:4326', 'EPSG:3857');
  const here = new URL(location);
  here.searchParams.set('f', 'json');
  // As many as the page shows: there may be fewer than were asked for.
  if (here.searchParams.has('limit')) here.searchParams.set('limit', Math.max(1, box.dataset.features));
  outlined.addFeatures([format.readFeatures(await get(here.href))].flat());
  return outlined.getExtent();
}

async function draw(box) {
  const source = new OGCVectorTile({url: box.dataset.tiles, format: new MVT()});
  const layer = new VectorTileLayer({source, declutter: true, visible: false});
  const outlined = new VectorSource();
  const extent = await extentOf(box, outlined);
  if (isEmpty(extent)) return box.remove(); // nothing has a place
  const map = new Map({
    target: box,
    layers: [layer, new VectorLayer({source: outlined, style: selectionStyle(outlined.getFeatures().length > 1 ? 1.5 : 3)})],
    controls: [new Zoom(), new ScaleLine()],
    view: new View({maxZoom: 22}),
  });
  map.getView().fit(extent, {padding: [24, 24, 24, 24], maxZoom: 20});
  // Not by `apply`, which would ask a server in the internet for fonts.
  const style = await get(box.dataset.style);
  stylefunction(layer, style, Object.keys(style.sources)[0]);
  layer.setVisible(true);
  map.on('rendercomplete', () => {
    if (source.getState() === 'ready') box.dataset.state = 'drawn';
  });
}

draw(byId('preview')).catch((error) => {
  console.error(error);
  byId('preview').remove(); // the page says everything in words
});
