/** Wide views: vector tiles, with each parcel from some zoom on and below it how much of which status there is. */
import TileState from 'ol/TileState.js';
import MVT from 'ol/format/MVT.js';
import VectorTileLayer from 'ol/layer/VectorTile.js';
import OGCVectorTile from 'ol/source/OGCVectorTile.js';
import {ApiError, getTile} from './api.js';
import {parcelStyle} from './style.js';

/** Zoom of the view up to which tiles are shown; closer, the parcels themselves are read, with all their fields. */
export const OVERVIEW_ZOOM = 15.5;

/** @typedef {'loading' | 'ready' | 'far' | 'error'} State far: no single parcels */

export class Overview {
  /** @param {(news: {state: State, error?: Error}) => void} report */
  constructor(report) {
    this.layer = new VectorTileLayer({maxZoom: OVERVIEW_ZOOM, renderMode: 'vector'});
    this.report = report;
    this.running = 0;
  }

  /**
   * Show a collection.
   * @param {any} palette of the server: layer, property and statuses
   * @param {Set<string>} hidden statuses that are switched off; read at each drawing
   */
  open(palette, hidden) {
    this.collection = palette.layer;
    this.running = 0;
    this.error = undefined;
    const source = new OGCVectorTile({
      url: `/ogc/collections/${palette.layer}/tiles/WebMercatorQuad`,
      format: new MVT({layers: [palette.layer, `${palette.layer}-status`]}),
      transition: 0,
    });
    source.setTileLoadFunction((tile, href) => tile.setLoader((extent) => this.load(source, tile, href, extent)));
    source.on('change', () => {
      if (source.getState() === 'error') this.fail(source, new ApiError('server'));
    });
    this.layer.setStyle(parcelStyle(palette, hidden));
    this.layer.setSource(source);
  }

  /**
   * Tell what is shown, when nothing is under way.
   * @param {import('ol/extent.js').Extent} extent of the view, web mercator
   */
  tell(extent) {
    if (this.running || this.error || this.layer.getSource()?.getState() !== 'ready') return;
    const shown = this.layer.getFeaturesInExtent(extent);
    const single = !shown.length || shown.some((feature) => feature.get('layer') === this.collection);
    this.report({state: single ? 'ready' : 'far'});
  }

  /** Ask for tiles that could not be read once more. */
  retry() {
    this.error = undefined;
    this.layer.getSource()?.refresh();
  }

  async load(source, tile, href, extent) {
    this.running += 1;
    this.report({state: 'loading'});
    try {
      const content = await getTile(href);
      const featureProjection = source.getProjection();
      tile.setFeatures(tile.getFormat().readFeatures(content, {extent, featureProjection}));
    } catch (error) {
      tile.setState(TileState.ERROR);
      this.fail(source, error);
    }
    if (source === this.layer.getSource()) this.running -= 1;
  }

  /** An error counts while its source is shown. */
  fail(source, error) {
    if (source !== this.layer.getSource()) return;
    this.error = error;
    this.report({state: 'error', error});
  }
}
