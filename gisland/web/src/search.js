/** Search by sheet and parcel number. */
import {get} from './api.js';
import {byId, el} from './dom.js';
import {number, t} from './i18n.js';

const MOST = 20;

/**
 * Read "12/34", "12 34", "12-34", "tờ 12 thửa 34", "to 12, thua 34", "sheet 12 parcel 34".
 * @param {string} text
 * @returns {{sheet_no: string, parcel_no: string} | undefined}
 */
export function parseQuery(text) {
  const words = text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('đ', 'd')
    .replace(/\b(to|sheet|thua|parcel|ban do|dat|so)\b/g, ' ');
  const match = /^[\s,:]*([\w.-]*\w)[\s,:/]+([\w.-]*\w)\s*$/.exec(words) ?? /^\s*(\w+)-(\w+)\s*$/.exec(words);
  return match ? {sheet_no: match[1].toUpperCase(), parcel_no: match[2].toUpperCase()} : undefined;
}

/**
 * Connect the search box.
 * @param {() => string} collection the collection in use
 * @param {(feature: any) => void} found called with the GeoJSON feature that was found or chosen
 */
export function connectSearch(collection, found) {
  const box = byId('search-text');
  byId('search').addEventListener('submit', async (event) => {
    event.preventDefault();
    const query = parseQuery(box.value);
    if (!query) return tell(t('search.syntax'));
    try {
      const parameters = new URLSearchParams({...query, limit: String(MOST)});
      const answer = await get(`/ogc/collections/${collection()}/items?${parameters}`);
      show(answer, query, found);
    } catch (error) {
      tell(error.message);
    }
  });
  box.addEventListener('input', clearSearch);
  byId('search').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') clearSearch();
  });
}

/** Take the answer away. */
export function clearSearch() {
  byId('search-answer').replaceChildren();
}

function tell(text) {
  byId('search-answer').replaceChildren(el('p', {}, text));
}

function show(answer, query, found) {
  const {features} = answer;
  if (features.length === 0) return tell(t('search.none', query));
  if (features.length === 1) {
    clearSearch();
    return found(features[0]);
  }
  const more = answer.links?.some((link) => link.rel === 'next');
  tell(t(more ? 'search.more' : 'search.several', {count: features.length}));
  const choices = features.map((feature) => el('li', {}, choice(feature, found)));
  byId('search-answer').append(el('ul', {}, ...choices));
  byId('search-answer').querySelector('button').focus();
}

function choice(feature, found) {
  const {sheet_no, parcel_no, ward_code, group_code, land_type, area_m2} = feature.properties;
  const details = [
    `${t('field.ward_code')} ${ward_code}`,
    group_code && `${t('field.group_code')} ${group_code}`,
    land_type,
    `${number(area_m2, 1)} m²`,
  ];
  const button = el(
    'button',
    {type: 'button'},
    el('strong', {}, t('parcel.title', {sheet_no, parcel_no})),
    el('small', {}, details.filter(Boolean).join(' · ')),
  );
  button.addEventListener('click', () => {
    clearSearch();
    found(feature);
  });
  return button;
}
