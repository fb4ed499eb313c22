/** The page of prints: a group is chosen on the sketch, the register follows what the worker draws. */
import {byId} from './dom.js';

const LOOK_MS = 1500;

/** The form of the product that is chosen. */
const form = () => /** @type {HTMLFormElement} */ (document.querySelector('#order form:not([hidden])'));

/** Show the ward of the chosen place on the sketch, and the chosen group in it. */
function show() {
  const select = form().elements.namedItem('place');
  const {ward} = JSON.parse(select.value);
  for (const svg of document.querySelectorAll('#sketch svg')) svg.toggleAttribute('hidden', svg.dataset.ward !== ward);
  for (const group of document.querySelectorAll('#sketch g')) {
    group.setAttribute('aria-pressed', String(group.dataset.choose === select.value));
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
}

/** Take the register from the page as it is now; go on as long as something waits or is drawn. */
async function follow() {
  if (!('active' in byId('prints').dataset)) return;
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
  setTimeout(follow, LOOK_MS);
}

if (byId('prints')) {
  if (byId('product')) {
    byId('product').addEventListener('change', (event) => {
      for (const each of document.querySelectorAll('#order form')) {
        each.toggleAttribute('hidden', each.dataset.product !== event.target.value);
      }
      show();
    });
    byId('order').addEventListener('change', show);
    byId('sketch').addEventListener('click', choose);
    byId('sketch').addEventListener('keydown', choose);
    show();
  }
  setTimeout(follow, LOOK_MS);
}
