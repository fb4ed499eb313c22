/** Forms of the server's pages: their fields as the API wants them, and its errors as people read them. */
import {whyNot} from './session.js';

/** Told to the document when a form was sent, where the page need not be loaded anew. */
export const DONE = 'gisland:done';
const LANGUAGES = ['vi', 'en'];

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
export function wholeBodyOf(form) {
  const {fixed = '{}', into} = form.dataset;
  const fields = bodyOf(form);
  return {...JSON.parse(fixed), ...(into ? {[into]: fields} : fields)};
}

/** Why the server did not do it. */
export function whyNotIn(error) {
  const {detail, hint} = error.problem ?? {};
  const short = error.kind === 'unauthorized' || error.kind === 'busy' || !detail;
  return short ? whyNot(error) : [detail, hint].filter(Boolean).map(inLanguage).join(' — ');
}
