/** The page of prints: a group is chosen on the map, its pages are shown, the register follows what the worker draws. */
import {byId} from './dom.js';
import {closeDrawing, isDrawing, showArea, startDrawing, stopDrawing} from './draw.js';
import {DONE, wholeBodyOf, whyNotIn} from './form.js';
import {clear, noPlan, plan, zoomTo} from './pages.js';

const LOOK_MS = 700;

/** The form of the product that is chosen. */
const form = () => /** @type {HTMLFormElement} */ (document.querySelector('#order form:not([hidden])'));

/** A field of that form, where it has one. @param {string} name */
const field = (name) => /** @type {any} */ (form().elements.namedItem(name));

const listed = (said) => said.split(',').map((each) => each.trim()).filter(Boolean);

const wardOf = (chosen) => JSON.parse(chosen.elements.namedItem('place').value).ward;

/** Whether a text of the list means a group: its code, without zeros in front, or ward and code. */
const means = (said, {ward, group}) =>
  said === `${ward}/${group}` || (ward === wardOf(form()) && said.replace(/^0+/, '') === group.replace(/^0+/, ''));

/** Whether a group is chosen: the one of the form, or one of those that its field lists. @param {string} choice */
function isChosen(choice) {
  const several = field('groups');
  if (!several) return choice === field('place').value;
  return listed(several.value).some((said) => means(said, JSON.parse(choice)));
}

/** Put a group on the list, or take it off; what is listed is said with its ward where there may be several wards. */
function toggle(choice) {
  const {ward, group} = JSON.parse(choice);
  const said = listed(field('groups').value);
  const kept = said.filter((each) => !means(each, {ward, group}));
  if (kept.length === said.length) kept.push(field('wards') ? `${ward}/${group}` : group);
  field('groups').value = kept.join(', ');
  // Groups, wards and an area exclude each other.
  for (const name of ['wards', 'area', 'area_crs']) if (field(name)) field(name).value = '';
}

/** Another ward: codes without one meant the former; an area was drawn on its sketch. */
function changeWard(chosen) {
  const former = chosen.dataset.ward;
  if (!former || former === wardOf(chosen) || !field('groups')) return;
  const said = field('wards') ? listed(field('groups').value) : [];
  field('groups').value = said.map((each) => (each.includes('/') ? each : `${former}/${each}`)).join(', ');
  for (const name of ['area', 'area_crs']) if (field(name)) field(name).value = '';
}

/** Show the ward of the chosen place on the sketch, and the chosen groups and the drawn area in it. */
function show() {
  const ward = wardOf(form());
  changeWard(form());
  form().dataset.ward = ward;
  for (const svg of document.querySelectorAll('#sketch svg')) svg.toggleAttribute('hidden', svg.dataset.ward !== ward);
  for (const group of document.querySelectorAll('#sketch [data-choose]')) {
    group.setAttribute('aria-pressed', String(isChosen(group.dataset.choose)));
  }
  for (const number of document.querySelectorAll('#sketch [data-of]')) {
    number.toggleAttribute('data-chosen', isChosen(number.dataset.of));
  }
  byId('drawing').toggleAttribute('hidden', !field('area'));
  offer(false);
  showArea(sketch(), field('area') && !field('area_crs')?.value ? field('area').value : '');
}

/** Which buttons there are while an area is drawn, and how it is done. */
function offer(drawing) {
  byId('draw').setAttribute('aria-pressed', String(drawing));
  for (const id of ['draw-done', 'draw-stop']) byId(id).hidden = !drawing;
  byId('no-area').hidden = drawing || !field('area')?.value;
  byId('how').textContent = drawing ? byId('how').dataset.said : '';
}

/** Draw an area on the sketch, or stop drawing. */
function drawArea() {
  if (byId('draw').getAttribute('aria-pressed') === 'true') return stopDrawing();
  const enough = (corners) => (byId('draw-done').disabled = corners < 3);
  startDrawing(sketch(), enough, (area) => {
    if (area) setArea(JSON.stringify(area));
    else show();
  });
  offer(true);
}

/** The area of the form; groups, wards and an area exclude each other. @param {string} said */
function setArea(said) {
  for (const name of ['area_crs', ...(said ? ['wards', 'groups'] : [])]) if (field(name)) field(name).value = '';
  field('area').value = said;
  byId('draw').focus();
  show();
}

const sketch = () => /** @type {SVGElement} */ (document.querySelector('#sketch svg:not([hidden])'));

/** Show the pages, or the whole ward when that is asked for or there are none. */
function look() {
  const svg = sketch();
  const {box} = svg.dataset;
  byId('whole').toggleAttribute('hidden', !box);
  zoomTo(svg, box && byId('whole').getAttribute('aria-pressed') === 'false' ? JSON.parse(box) : undefined);
}

/** Show where the pages of what is chosen would lie. */
function showPages() {
  const chosen = form();
  if (!('preview' in chosen.dataset)) {
    noPlan();
    clear(sketch());
    return look();
  }
  const {product, inputs} = wholeBodyOf(chosen);
  delete inputs.reason;
  // The pages of another group would lie at the wrong place until the answer is there.
  const place = JSON.stringify([inputs.ward, inputs.group]);
  if (sketch().dataset.planned !== place) {
    clear(sketch());
    look();
  }
  sketch().dataset.planned = place;
  plan({product, inputs}, sketch(), look, whyNotIn);
}

/** Fill the form in as an earlier print was ordered. @param {{product: string, inputs: Record<string, any>}} order */
function fill({product, inputs}) {
  byId('product').value = product;
  chooseProduct(product);
  for (const each of /** @type {any[]} */ ([...form().elements])) {
    if ('merge' in each.dataset) {
      const option = [...each.options].find(({value}) => Object.entries(JSON.parse(value)).every(([key, said]) => inputs[key] === said));
      if (option) each.value = option.value;
    } else if (each.name in inputs) {
      const value = inputs[each.name] ?? '';
      each.value = typeof value === 'object' ? JSON.stringify(value) : value;
    }
  }
  // Nothing of the form as it was is to be carried over.
  delete form().dataset.ward;
  show();
  showPages();
  byId('order').scrollIntoView();
  (field('reason') ?? form().elements[0]).focus();
}

function chooseProduct(product) {
  stopDrawing();
  for (const each of document.querySelectorAll('#order form')) {
    each.toggleAttribute('hidden', each.dataset.product !== product);
  }
}

/** @param {Event} event */
function choose(event) {
  const group = /** @type {Element} */ (event.target).closest?.('[data-choose]');
  if (!group) return;
  if (event instanceof KeyboardEvent) {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
  }
  if (isDrawing()) return;
  const select = field('place');
  if (field('groups')) toggle(group.dataset.choose);
  else if ([...select.options].some((option) => option.value === group.dataset.choose)) {
    select.value = group.dataset.choose;
  }
  show();
  showPages();
}

const SIFTED = ['product', 'group', 'person', 'before'];

/** Show all of the register from the newest on, so that what was just ordered is on it. */
function showAll() {
  const url = new URL(location.href);
  for (const name of SIFTED) url.searchParams.delete(name);
  history.replaceState(null, '', url);
  for (const each of /** @type {any} */ (document.querySelector('.sift')).elements) if (SIFTED.includes(each.name)) each.value = '';
}

let next;

/** Take the register from the page as it is now; go on as long as something waits or is drawn. */
async function follow() {
  clearTimeout(next);
  try {
    const url = new URL(location.href);
    url.searchParams.set('part', 'prints');
    const response = await fetch(url, {credentials: 'same-origin'});
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = page.getElementById('prints');
    // Signed out meanwhile: it is another page.
    if (!fresh) return;
    byId('prints').replaceWith(document.adoptNode(fresh));
  } catch {
    // The server is away for a moment.
  }
  goOn();
}

function goOn() {
  clearTimeout(next);
  if ('active' in byId('prints').dataset) next = setTimeout(follow, LOOK_MS);
}

document.addEventListener('DOMContentLoaded', () => {
  if (!byId('prints')) return;
  if (byId('product')) {
    byId('product').addEventListener('change', (event) => chooseProduct(event.target.value));
    byId('draw').addEventListener('click', drawArea);
    byId('draw-done').addEventListener('click', closeDrawing);
    byId('draw-stop').addEventListener('click', stopDrawing);
    byId('no-area').addEventListener('click', () => setArea(''));
    byId('order').addEventListener('change', (event) => {
      // Paper and scale may change while something is drawn.
      if (['product', 'place', 'area', 'area_crs'].includes(event.target.name || event.target.id)) stopDrawing();
      else if (isDrawing()) return;
      show();
      if (event.target.name !== 'reason') showPages();
    });
    byId('order').addEventListener('input', (event) => event.target.type === 'number' && showPages());
    byId('sketch').addEventListener('click', choose);
    byId('sketch').addEventListener('keydown', choose);
    byId('whole').addEventListener('click', () => {
      byId('whole').setAttribute('aria-pressed', String(byId('whole').getAttribute('aria-pressed') === 'false'));
      look();
    });
    document.addEventListener('click', (event) => {
      const button = /** @type {Element} */ (event.target).closest('[data-fill]');
      if (button) fill(JSON.parse(button.dataset.fill));
    });
    show();
    showPages();
  }
  // What was chosen stays chosen: only the register is looked at again.
  document.addEventListener(DONE, (event) => {
    if (/** @type {Element} */ (event.target).closest('#order')) showAll();
    follow();
  });
  goOn();
});
