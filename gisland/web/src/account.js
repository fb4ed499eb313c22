/**
 * The pages of accounts: the server makes them; here their forms are sent as JSON to the REST API, which is the only
 * door for changes. `data-send` of a form says method and path, `data-confirm` what to ask before.
 */
import './account.css';
import {send} from './api.js';
import {byId} from './dom.js';
import {setLanguage} from './i18n.js';
import './prints.js';
import {whyNot} from './session.js';

const LANGUAGES = ['vi', 'en'];
setLanguage(document.documentElement.lang === 'en' ? 'en' : 'vi');

/**
 * What is written in both languages (`… · …`), in that of the page.
 * @param {string} [text]
 */
function inLanguage(text = '') {
  const parts = text.split(' · ');
  return parts.length === 2 ? parts[LANGUAGES.indexOf(document.documentElement.lang)] : text;
}

/**
 * The fields of a form as the API wants them: numbers, lists, nothing that was left empty; a field with `data-merge`
 * holds several of them as JSON, one with `data-list` several values by commas.
 * @param {HTMLFormElement} form
 */
function bodyOf(form) {
  const body = {};
  for (const field of /** @type {any[]} */ ([...form.elements])) {
    if (!field.name || field.value === '' || (field.type === 'checkbox' && !field.checked)) continue;
    const value = 'number' in field.dataset || field.type === 'number' ? Number(field.value) : field.value;
    if ('merge' in field.dataset) Object.assign(body, JSON.parse(field.value));
    else if ('list' in field.dataset) body[field.name] = field.value.split(',').map((each) => each.trim()).filter(Boolean);
    else if (field.multiple) {
      const chosen = [...field.selectedOptions].map((option) => Number(option.value));
      if (chosen.length) body[field.name] = chosen;
    } else if (field.type === 'checkbox') (body[field.name] ??= []).push(value);
    else body[field.name] = value;
  }
  return body;
}

/**
 * The body of a request: what is fixed (`data-fixed`, JSON) and the fields, in an object of theirs (`data-into`) or not.
 * @param {HTMLFormElement} form
 */
function wholeBodyOf(form) {
  const {fixed = '{}', into} = form.dataset;
  const fields = bodyOf(form);
  return {...JSON.parse(fixed), ...(into ? {[into]: fields} : fields)};
}

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
    else location.reload();
  } catch (error) {
    const {detail, hint} = error.problem ?? {};
    const why = error.kind === 'unauthorized' || error.kind === 'busy' || !detail;
    told.textContent = why ? whyNot(error) : [detail, hint].filter(Boolean).map(inLanguage).join(' — ');
    told.scrollIntoView({block: 'nearest'});
  }
});
