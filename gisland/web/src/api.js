/** The one door to the server: reading JSON, following `next` links, signing in, and errors in words. */
import {t} from './i18n.js';

/** Credentials live in this variable only: never stored, never in an address. */
let authorization = '';

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

const KINDS = {401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 429: 'busy'};

/** @returns {boolean} whether requests carry credentials. */
export function signedIn() {
  return authorization !== '';
}

/**
 * Read JSON from the server.
 * @param {string} href path, or an absolute address of which only path and query are used: links made behind a proxy
 *   may name another host, and credentials must never leave this one
 * @param {AbortSignal} [signal]
 * @param {string} [credentials] Authorization header, by default that of the session
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function get(href, signal, credentials = authorization) {
  const url = new URL(href, location.origin);
  const headers = {Accept: 'application/geo+json, application/json'};
  if (credentials) headers.Authorization = credentials;
  let response;
  try {
    // credentials: 'omit' keeps the browser's own password dialog away when the server answers 401
    response = await fetch(url.pathname + url.search, {headers, signal, credentials: 'omit'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('network');
  }
  if (!response.ok) {
    const seconds = Math.min(Number(response.headers.get('Retry-After')) || 5, 60);
    throw new ApiError(KINDS[response.status] ?? 'server', response.status, seconds);
  }
  return response.json();
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

/**
 * Sign in by HTTP Basic.
 * @param {string} name
 * @param {string} secret
 * @returns {Promise<{name: string, role: string}>}
 */
export async function signIn(name, secret) {
  const bytes = new TextEncoder().encode(`${name}:${secret}`);
  const credentials = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  const me = await get('/api/v1/me', undefined, credentials);
  authorization = credentials;
  return me;
}

/** Forget the credentials. */
export function signOut() {
  authorization = '';
}
