/** The page of prints: a group is chosen on the map, its pages are shown, the register follows what the worker draws. */
import {byId} from './dom.js';
import {isDrawing, showArea, startDrawing, stopDrawing} from './draw.js';
import {DONE, wholeBodyOf, whyNotIn} from './form.js';
import {clear, noPlan, plan, zoomTo} from './pages.js';

const LOOK_MS = 700;

/** The form of the product that is chosen. */
const form = () => /** @type {HTMLFormElement} */ (document.querySelector('#order form:not([hidden])'));

/** A field of that form, where it has one. @param {string} name */
const field = (name) => /** @type {any} */ (form().elements.namedItem(name));

const listed = (said) => said.split(',').map((each) => each.trim()).filter(Boolean);

/** Whether a group is chosen: the one of the form, or one of those that its field lists. @param {string} choice */
function isChosen(choice) {
  const several = field('groups');
  if (!several) return choice === field('place').value;
  const {ward, group} = JSON.parse(choice);
  const own = ward === JSON.parse(field('place').value).ward;
  return listed(several.value).some((each) => each === `${ward}/${group}` || (own && each === group));
}

/** Show the ward of the chosen place on the sketch, and the chosen groups and the drawn area in it. */
function show() {
  const {ward} = JSON.parse(field('place').value);
  for (const svg of document.querySelectorAll('#sketch svg')) svg.toggleAttribute('hidden', svg.dataset.ward !== ward);
  for (const group of document.querySelectorAll('#sketch [data-choose]')) {
    group.setAttribute('aria-pressed', String(isChosen(group.dataset.choose)));
  }
  for (const number of document.querySelectorAll('#sketch [data-of]')) {
    number.toggleAttribute('data-chosen', isChosen(number.dataset.of));
  }
  byId('drawing').toggleAttribute('hidden', !field('area'));
  byId('no-area').toggleAttribute('hidden', !field('area')?.value);
  showArea(sketch(), field('area') && !field('area_crs')?.value ? field('area').value : '');
}

/** Draw an area on the sketch, or stop drawing. */
function drawArea() {
  if (byId('draw').getAttribute('aria-pressed') === 'true') return stopDrawing();
  byId('draw').setAttribute('aria-pressed', 'true');
  byId('how').hidden = false;
  startDrawing(sketch(), (area) => {
    byId('draw').setAttribute('aria-pressed', 'false');
    byId('how').hidden = true;
    if (area) setArea(JSON.stringify(area));
    else show();
  });
}

/** @param {string} said */
function setArea(said) {
  field('area').value = said;
  if (field('area_crs')) field('area_crs').value = '';
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
  if (!group || isDrawing()) return;
  if (event instanceof KeyboardEvent) {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
  }
  const [select, several] = [field('place'), field('groups')];
  if (several) {
    const {ward, group: code} = JSON.parse(group.dataset.choose);
    const kept = listed(several.value).filter((each) => each !== code && each !== `${ward}/${code}`);
    several.value = (isChosen(group.dataset.choose) ? kept : [...kept, code]).join(', ');
  } else if ([...select.options].some((option) => option.value === group.dataset.choose)) {
    select.value = group.dataset.choose;
  }
  show();
  showPages();
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
    byId('no-area').addEventListener('click', () => setArea(''));
    byId('order').addEventListener('change', (event) => {
      stopDrawing();
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
  document.addEventListener(DONE, follow);
  goOn();
});
