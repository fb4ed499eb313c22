/** The one door to the server: reading JSON, following `next` links, signing in, and errors in words. */
import {t} from './i18n.js';

/**
 * On each request: no page of another site can set it. The session itself is in a cookie that no script can read.
 * @type {Record<string, string>}
 */
const OURS = {'X-Gisland-Page': '1'};

/** A request that failed; `message` is a sentence for the reader. */
export class ApiError extends Error {
  /**
   * @param {'network' | 'unauthorized' | 'forbidden' | 'not_found' | 'busy' | 'server'} kind
   * @param {number} [status] HTTP status
   * @param {number} [seconds] how long to wait (busy)
   */
  constructor(kind, status = 0, seconds = 0) {
    super(t(`error.${kind}`, {status, seconds}));
    this.kind = kind;
    this.seconds = seconds;
  }
}

const MOST_SECONDS = 900;
const KINDS = {401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 429: 'busy'};

/**
 * Ask the server.
 * @param {string} href path, or an absolute address of which only path and query are used: links made behind a proxy
 *   may name another host, and the session must never leave this one
 * @param {RequestInit & {headers: Record<string, string>}} options
 * @returns {Promise<Response>}
 * @throws {ApiError}
 */
async function ask(href, options) {
  const url = new URL(href, location.origin);
  let response;
  try {
    const headers = {...OURS, ...options.headers};
    response = await fetch(url.pathname + url.search, {...options, headers, credentials: 'same-origin'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('network');
  }
  if (response.ok) return response;
  const seconds = Math.min(Number(response.headers.get('Retry-After')) || 5, MOST_SECONDS);
  const error = new ApiError(KINDS[response.status] ?? 'server', response.status, seconds);
  error.problem = await response.json().catch(() => ({}));
  throw error;
}

/**
 * Read JSON from the server.
 * @param {string} href
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function get(href, signal) {
  const response = await ask(href, {headers: {Accept: 'application/geo+json, application/json'}, signal});
  return response.json();
}

/**
 * Read a vector tile from the server.
 * @param {string} href
 * @returns {Promise<ArrayBuffer>}
 * @throws {ApiError}
 */
export async function getTile(href) {
  const response = await ask(href, {headers: {Accept: 'application/vnd.mapbox-vector-tile'}});
  return response.arrayBuffer();
}

/**
 * Do something on the server.
 * @param {'POST' | 'DELETE'} method
 * @param {string} href
 * @param {object} [body]
 * @returns {Promise<any>} what it answers; null when it has nothing to say
 * @throws {ApiError}
 */
export async function send(method, href, body) {
  const headers = body ? {'Content-Type': 'application/json'} : {};
  const response = await ask(href, {method, headers, body: body && JSON.stringify(body)});
  return response.status === 204 ? null : response.json();
}

/**
 * The pages of a feature collection, by its `next` links.
 * @param {string} href
 * @param {AbortSignal} [signal]
 */
export async function* pages(href, signal) {
  for (let next = href; next; ) {
    const page = await get(next, signal);
    yield page;
    next = page.links?.find((link) => link.rel === 'next')?.href;
  }
}
