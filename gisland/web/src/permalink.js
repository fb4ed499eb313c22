/** The place and the selected parcel in the address: `#zoom/lat/lon/parcel`. Never personal data. */
import {fromLonLat, toLonLat} from 'ol/proj.js';

/** @returns {{zoom: number, center: number[], parcel: string | undefined} | undefined} what the address says */
export function readHash() {
  const match = /^#(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(location.hash);
  if (!match) return undefined;
  const [zoom, lat, lon] = match.slice(1, 4).map(Number);
  return {zoom, center: fromLonLat([lon, lat]), parcel: match[4]};
}

/**
 * Write the address without adding to the history.
 * @param {import('ol/View.js').default} view
 * @param {string | number | undefined} parcel id of the selected parcel
 */
export function writeHash(view, parcel) {
  const [lon, lat] = toLonLat(view.getCenter());
  const place = `#${view.getZoom().toFixed(2)}/${lat.toFixed(6)}/${lon.toFixed(6)}`;
  history.replaceState(null, '', parcel === undefined ? place : `${place}/${parcel}`);
}
