/** Loads the parcels in view, tile by tile from the middle outwards, and drops requests that are no longer wanted. */
import GeoJSON from 'ol/format/GeoJSON.js';
import {createXYZ} from 'ol/tilegrid.js';
import {getCenter, getIntersection, isEmpty} from 'ol/extent.js';
import {transformExtent} from 'ol/proj.js';
import {ApiError, pages} from './api.js';

/** Most parcels shown at once; the reader is told when there are more. */
const MAX_FEATURES = 20_000;
/** Tiles of about 570 m (at 21° north), some hundreds of parcels each. */
const TILE_ZOOM = 16;
/** Wider views than this (about 130 km²) ask the reader to zoom in. */
const MAX_TILES = 400;
const PARALLEL = 4;
const PAGE = 2000;
/** Parcels are handed to the map in batches: each hand-over redraws it. */
const BATCH_MS = 200;

const grid = createXYZ({maxZoom: TILE_ZOOM});
const format = new GeoJSON({featureProjection: 'EPSG:3857'});

/** @typedef {{state: 'loading' | 'ready' | 'far' | 'capped' | 'error', shown: number, error?: Error}} Report */

export class ParcelLoader {
  /**
   * @param {import('ol/source/Vector.js').default} source
   * @param {(report: Report) => void} report
   */
  constructor(source, report) {
    this.source = source;
    this.report = report;
    this.collection = 'parcels';
    this.most = MAX_FEATURES;
    this.limits = [-Infinity, -Infinity, Infinity, Infinity];
    /** @type {Map<string, number>} */
    this.counts = new Map(); // finished tile → number of its parcels
    this.running = new Map(); // tile → AbortController
    this.waiting = [];
    this.wanted = [];
    this.batch = [];
  }

  /**
   * Start anew with a collection.
   * @param {string} collection
   * @param {import('ol/extent.js').Extent} limits where it has parcels (web mercator)
   */
  open(collection, limits) {
    this.stop();
    this.collection = collection;
    this.limits = limits;
    this.counts.clear();
    this.batch = [];
    this.source.clear(true);
  }

  /** Drop all requests. */
  stop() {
    clearTimeout(this.pause);
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
    this.waiting = [];
  }

  /**
   * Load what a view needs.
   * @param {import('ol/extent.js').Extent} extent web mercator
   */
  show(extent) {
    clearTimeout(this.pause);
    this.error = undefined;
    const tiles = tilesOf(getIntersection(extent, this.limits));
    this.far = tiles === null;
    this.wanted = tiles ?? [];
    for (const [tile, controller] of this.running) {
      if (this.wanted.includes(tile)) continue;
      controller.abort();
      this.running.delete(tile);
    }
    if (this.source.getFeatures().length > 2 * this.most) this.forget();
    this.waiting = this.wanted.filter((tile) => !this.counts.has(tile) && !this.running.has(tile));
    this.fill();
  }

  /** Parcels in the finished tiles of the view; one on the edge of two tiles counts twice, which is near enough. */
  get shown() {
    return this.wanted.reduce((sum, tile) => sum + (this.counts.get(tile) ?? 0), 0);
  }

  /** What will be shown when the requests that run are done, if their tiles are like the finished ones. */
  get expected() {
    const done = this.wanted.filter((tile) => this.counts.has(tile)).length;
    return done ? this.shown * (1 + this.running.size / done) : 0;
  }

  /** Start as many requests as may run, and report. */
  fill() {
    while (this.waiting.length && this.running.size < PARALLEL && this.expected < this.most && !this.error) {
      void this.load(this.waiting.shift());
    }
    if (this.running.size) return this.tell('loading');
    this.flush();
    if (this.error) return this.tell('error');
    if (this.waiting.length) return this.tell('capped');
    return this.tell(this.far ? 'far' : 'ready');
  }

  /** @param {Report['state']} state */
  tell(state) {
    this.report({state, shown: this.shown, error: this.error});
  }

  /** @param {string} tile "x/y" at TILE_ZOOM */
  async load(tile) {
    const controller = new AbortController();
    this.running.set(tile, controller);
    let count = 0;
    try {
      for await (const page of pages(itemsOf(this.collection, tile), controller.signal)) {
        if (controller.signal.aborted) return;
        this.add(format.readFeatures(page));
        count += page.features.length;
      }
      this.counts.set(tile, count);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.fail(error, tile);
    }
    this.running.delete(tile);
    this.fill();
  }

  /** Stop after an error; a busy server is asked again when it said so. */
  fail(error, tile) {
    this.error = error;
    this.waiting.unshift(tile);
    if (!(error instanceof ApiError) || error.kind !== 'busy') return;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.error = undefined;
      this.fill();
    }, error.seconds * 1000);
  }

  /** @param {import('ol/Feature.js').default[]} features */
  add(features) {
    this.batch.push(...features);
    this.timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Hand the batch over; the source skips ids that it has (a parcel on the edge of two tiles). */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.batch.length) this.source.addFeatures(this.batch);
    this.batch = [];
  }

  /** Let go of what lies outside the view. */
  forget() {
    const wanted = new Set(this.wanted);
    for (const tile of this.counts.keys()) if (!wanted.has(tile)) this.counts.delete(tile);
    const kept = new Set();
    for (const tile of wanted) {
      this.source.forEachFeatureIntersectingExtent(extentOf(tile), (feature) => void kept.add(feature));
    }
    this.source.clear(true);
    this.source.addFeatures([...kept]);
  }
}

/**
 * The tiles of an extent, those in the middle first.
 * @param {import('ol/extent.js').Extent} extent web mercator
 * @returns {string[] | null} null: too many
 */
function tilesOf(extent) {
  if (isEmpty(extent)) return [];
  const range = grid.getTileRangeForExtentAndZ(extent, TILE_ZOOM);
  if (range.getWidth() * range.getHeight() > MAX_TILES) return null;
  const [, column, row] = grid.getTileCoordForCoordAndZ(getCenter(extent), TILE_ZOOM);
  const tiles = [];
  for (let x = range.minX; x <= range.maxX; x += 1) {
    for (let y = range.minY; y <= range.maxY; y += 1) {
      tiles.push({name: `${x}/${y}`, distance: Math.hypot(x - column, y - row)});
    }
  }
  return tiles.sort((a, b) => a.distance - b.distance).map((tile) => tile.name);
}

function extentOf(tile) {
  const [x, y] = tile.split('/').map(Number);
  return grid.getTileCoordExtent([TILE_ZOOM, x, y]);
}

function itemsOf(collection, tile) {
  const bbox = transformExtent(extentOf(tile), 'EPSG:3857', 'EPSG:4326').map((value) => value.toFixed(7));
  return `/ogc/collections/${collection}/items?bbox=${bbox.join(',')}&limit=${PAGE}`;
}
