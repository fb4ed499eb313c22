/** VN-2000, the national reference system, on top of the map's web mercator. */
import proj4 from 'proj4';
import {register} from 'ol/proj/proj4.js';
import {transform} from 'ol/proj.js';
import {number, t} from './i18n.js';

/** TM-3 zone of Hải Phòng (105°45′). */
export const VN2000 = 'EPSG:9210';
const ZONE = '105°45′';

// EPSG's operation "VN-2000 to WGS 84 (2)" is a coordinate-frame rotation,
// +towgs84 takes the position-vector form, so the three rotations have the opposite sign here.
proj4.defs(
  VN2000,
  '+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 ' +
    '+towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278 ' +
    '+units=m +no_defs',
);
register(proj4);

/**
 * A place as surveyors write it (VN-2000: X is north, Y is east, metres) and as GPS does (WGS 84 degrees).
 * @param {import('ol/coordinate.js').Coordinate} place web mercator
 * @returns {{vn2000: string, wgs84: string}} `vn2000` is empty outside Vietnam, where the zone means nothing
 */
export function describePlace(place) {
  const [lon, lat] = transform(place, 'EPSG:3857', 'EPSG:4326');
  const wgs84 = `WGS 84  ${lat.toFixed(6)}°, ${lon.toFixed(6)}°`;
  if (lon < 102 || lon > 110 || lat < 7 || lat > 24) return {vn2000: '', wgs84};
  const [east, north] = transform(place, 'EPSG:3857', VN2000);
  const zone = t('coordinates.vn2000', {zone: ZONE});
  const vn2000 = `${zone}  ${t('coordinates.north')} ${number(north, 2)}  ${t('coordinates.east')} ${number(east, 2)}`;
  return {vn2000, wgs84};
}
