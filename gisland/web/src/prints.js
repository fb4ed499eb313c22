/** The page of prints: a group is chosen on the map, its pages are shown, the register follows what the worker draws. */
import {byId} from './dom.js';
import {DONE, wholeBodyOf, whyNotIn} from './form.js';
import {clear, noPlan, plan, zoomTo} from './pages.js';

const LOOK_MS = 700;

/** The form of the product that is chosen. */
const form = () => /** @type {HTMLFormElement} */ (document.querySelector('#order form:not([hidden])'));

/** Show the ward of the chosen place on the sketch, and the chosen group in it. */
function show() {
  const select = form().elements.namedItem('place');
  const {ward} = JSON.parse(select.value);
  for (const svg of document.querySelectorAll('#sketch svg')) svg.toggleAttribute('hidden', svg.dataset.ward !== ward);
  for (const group of document.querySelectorAll('#sketch [data-choose]')) {
    group.setAttribute('aria-pressed', String(group.dataset.choose === select.value));
  }
  for (const number of document.querySelectorAll('#sketch [data-of]')) {
    number.toggleAttribute('data-chosen', number.dataset.of === select.value);
  }
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
  for (const field of /** @type {any[]} */ ([...form().elements])) {
    if ('merge' in field.dataset) {
      const option = [...field.options].find((each) => Object.entries(JSON.parse(each.value)).every(([key, value]) => inputs[key] === value));
      if (option) field.value = option.value;
    } else if (field.name in inputs) {
      const value = inputs[field.name] ?? '';
      field.value = typeof value === 'object' ? JSON.stringify(value) : value;
    }
  }
  show();
  showPages();
  byId('order').scrollIntoView();
  (form().elements.namedItem('reason') ?? form().elements[0]).focus();
}

function chooseProduct(product) {
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
  const select = form().elements.namedItem('place');
  if ([...select.options].some((option) => option.value === group.dataset.choose)) select.value = group.dataset.choose;
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

if (byId('prints')) {
  if (byId('product')) {
    byId('product').addEventListener('change', (event) => chooseProduct(event.target.value));
    byId('order').addEventListener('change', (event) => {
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
}
