/** One line over the map: news that stays until other news comes, and remarks that cover it for some seconds. */
import {byId} from './dom.js';

/** @typedef {{text?: string, kind?: 'info' | 'error', retry?: () => void}} Notice */

const REMARK_MS = 8000;
/** @type {Notice} */
let news = {};
let timer;

/**
 * Tell the state of things; without text nothing is shown.
 * @param {string} [text]
 * @param {Omit<Notice, 'text'>} [options] `retry` offers a button
 */
export function notice(text = '', options = {}) {
  news = {text, ...options};
  if (!timer) draw(news);
}

/**
 * Tell what came of an act of the reader, for some seconds.
 * @param {string} text
 * @param {'info' | 'error'} [kind]
 */
export function remark(text, kind = 'info') {
  clearTimeout(timer);
  draw({text, kind});
  timer = setTimeout(() => {
    timer = undefined;
    draw(news);
  }, REMARK_MS);
}

/** @param {Notice} content */
function draw({text = '', kind = 'info', retry}) {
  const box = byId('notice');
  box.dataset.kind = kind;
  box.hidden = text === '';
  byId('notice-text').textContent = text;
  byId('notice-retry').hidden = !retry;
  byId('notice-retry').onclick = retry ?? null;
}
