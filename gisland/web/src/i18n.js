/** Texts in Vietnamese (first) and English, and numbers written the way the language writes them. */
import vi from '../static/i18n/vi.json';
import en from '../static/i18n/en.json';

const dictionaries = {vi, en};
const STORAGE_KEY = 'gisland.language';
let language = remembered();

/** @returns {'vi' | 'en'} the language the reader chose last; Vietnamese at first. */
function remembered() {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'en' ? 'en' : 'vi';
  } catch {
    return 'vi'; // storage may be switched off
  }
}

/** @returns {'vi' | 'en'} the language in use. */
export function currentLanguage() {
  return language;
}

/**
 * Switch the page to a language.
 * @param {'vi' | 'en'} next
 */
export function setLanguage(next) {
  language = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // not remembered, still switched
  }
}

/**
 * The text of a key in the current language.
 * @param {string} key
 * @param {Record<string, string | number>} [values] fills `{name}` in the text
 * @returns {string}
 */
export function t(key, values = {}) {
  return (dictionaries[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/**
 * A number with the language's separators.
 * @param {number} value
 * @param {number} [digits] decimals, exactly
 */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, {minimumFractionDigits: digits, maximumFractionDigits: digits}).format(value);
}

/**
 * A date as the language writes it.
 * @param {string} iso
 */
export function date(iso) {
  return new Intl.DateTimeFormat(language === 'vi' ? 'vi-VN' : 'en-GB').format(new Date(iso));
}

/** Writes the texts of all elements marked with `data-t` (content), `data-t-label` (aria-label and tooltip) or
 * `data-t-placeholder`. */
export function translatePage() {
  document.documentElement.lang = language;
  document.title = t('title');
  for (const element of marked('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of marked('[data-t-placeholder]')) {
    element.setAttribute('placeholder', t(element.dataset.tPlaceholder));
  }
  for (const element of marked('[data-t-label]')) {
    element.setAttribute('aria-label', t(element.dataset.tLabel));
    if (element.tagName === 'BUTTON') element.setAttribute('title', t(element.dataset.tLabel));
  }
}

/** @returns {NodeListOf<HTMLElement>} */
function marked(selector) {
  return document.querySelectorAll(selector);
}
