/** The panel of the selected parcel. */
import {byId, el} from './dom.js';
import {currentLanguage, date, number, t} from './i18n.js';

const square = (value) => `${number(value, 1)} m²`;
const list = (value) => [value].flat().join('; ');

/** Fields in the order of a land register extract, and how each is written; absent fields are left out. */
const PARCEL = {
  sheet_no: String,
  parcel_no: String,
  address: String,
  land_type: String,
  area_m2: square,
  legal_area_m2: square,
  group_code: String,
};
/** Present for staff only; people's fields stand apart. */
const PEOPLE = {holder_names: list, masked_ids: list, certificate_serial: list};
/** For those who look the parcel up elsewhere. */
const RECORD = {ward_code: String, parcel_code: String, updated_at: date};

/**
 * Show a parcel.
 * @param {Record<string, any>} parcel properties of the feature
 * @param {{property: string, statuses: any[]}} palette
 */
export function showPanel(parcel, palette) {
  const {sheet_no, parcel_no} = parcel;
  const status = palette.statuses.find(({id}) => id === parcel[palette.property]);
  byId('panel-title').textContent = t('parcel.title', {sheet_no, parcel_no});
  const badge = byId('panel-status');
  badge.hidden = !status;
  if (status) {
    const swatch = el('span', {className: 'swatch'});
    swatch.style.backgroundColor = status.color;
    badge.replaceChildren(swatch, status.label[currentLanguage()] ?? status.label.vi);
  }
  byId('panel-fields').replaceChildren(...rows(PARCEL, parcel));
  const people = rows(PEOPLE, parcel);
  byId('panel-people').hidden = people.length === 0;
  byId('panel-people-fields').replaceChildren(...people);
  byId('panel-record').replaceChildren(...rows(RECORD, parcel));
  byId('panel').hidden = false;
  document.body.classList.add('with-panel');
}

/** Hide the panel. */
export function hidePanel() {
  byId('panel').hidden = true;
  document.body.classList.remove('with-panel');
}

function rows(fields, parcel) {
  return Object.entries(fields)
    .filter(([name]) => name in parcel && !(name === 'address' && !parcel.address))
    .map(([name, write]) => row(name, parcel[name], write));
}

function row(name, value, write) {
  const missing = value === null || value === '' || value?.length === 0;
  const text = missing ? t('field.none') : write(value);
  return el('div', {}, el('dt', {}, t(`field.${name}`)), el('dd', {className: missing ? 'missing' : ''}, text));
}
