/**
 * The pages of accounts: the server makes them; here their forms are sent as JSON to the REST API, which is the only
 * door for changes. `data-send` of a form says method and path, `data-confirm` what to ask before.
 */
import './account.css';
import {send} from './api.js';
import {byId} from './dom.js';
import {DONE, wholeBodyOf, whyNotIn} from './form.js';
import {setLanguage} from './i18n.js';
import './prints.js';

setLanguage(document.documentElement.lang === 'en' ? 'en' : 'vi');

/** Show a secret once; the page is loaded anew when it is closed. */
function showOnce(secret) {
  const dialog = byId('once');
  byId('once-secret').value = secret;
  byId('once-copy').addEventListener('click', () => navigator.clipboard?.writeText(secret));
  dialog.addEventListener('close', () => location.reload());
  dialog.showModal();
  byId('once-secret').select();
}

document.addEventListener('submit', async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.send) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const [method, path] = form.dataset.send.split(' ');
  const told = form.querySelector('[role=alert]') ?? byId('told');
  told.textContent = '';
  try {
    const answer = await send(/** @type {any} */ (method), path, method === 'POST' ? wholeBodyOf(form) : undefined);
    if (answer?.token || answer?.secret) return showOnce(answer.token ?? answer.secret);
    if (form.dataset.next) location.assign(form.dataset.next);
    else if (byId('prints')) form.dispatchEvent(new Event(DONE, {bubbles: true}));
    else location.reload();
  } catch (error) {
    told.textContent = whyNotIn(error);
    told.scrollIntoView({block: 'nearest'});
  }
});
