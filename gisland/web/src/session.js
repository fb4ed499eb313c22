/** Who is signed in, and the sign-in dialog. */
import {get, send} from './api.js';
import {byId} from './dom.js';
import {currentLanguage, t} from './i18n.js';

const account = () => `/account?lang=${currentLanguage()}`;
let user = '';

/** @returns {boolean} whether somebody is signed in. */
export function signedIn() {
  return user !== '';
}

/** Whoever was signed in when the page was left still is. */
export async function restoreSession() {
  enter(await get('/api/v1/session'));
}

/** @param {{name: string, must_change: boolean} | null} session */
function enter(session) {
  user = session?.name ?? '';
  showSession();
  if (session?.must_change) location.assign(account()); // a one-time secret is good for nothing else
}

/**
 * Connect the sign-in button and dialog.
 * @param {() => Promise<void>} changed called after signing in or out
 */
export function connectSession(changed) {
  const dialog = byId('sign-in');
  const form = byId('sign-in-form');
  const leave = () => {
    form.reset(); // the password leaves the page with the dialog
    dialog.close();
  };
  byId('session').addEventListener('click', async () => {
    if (!signedIn()) return dialog.showModal();
    await send('DELETE', '/api/v1/session');
    endSession();
    await changed();
  });
  byId('sign-in-cancel').addEventListener('click', leave);
  dialog.addEventListener('close', () => {
    form.reset();
    byId('sign-in-error').textContent = '';
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const claim = {name: form.elements.name.value.trim(), secret: form.elements.secret.value};
      enter(await send('POST', '/api/v1/session', claim));
    } catch (error) {
      byId('sign-in-error').textContent = whyNot(error);
      return;
    }
    leave();
    await changed();
  });
}

/**
 * Why a sign-in was refused.
 * @param {import('./api.js').ApiError} error
 */
export function whyNot(error) {
  if (error.kind === 'unauthorized') return t('session.wrong');
  return error.kind === 'busy' ? t('session.wait', {seconds: error.seconds}) : error.message;
}

/** Nobody is signed in any more. */
export function endSession() {
  user = '';
  showSession();
}

/** Write the state of the session on its button. */
export function showSession() {
  byId('session-text').textContent = t(signedIn() ? 'session.sign_out' : 'session.sign_in');
  byId('session-user').textContent = user;
  byId('session-user').href = account();
}
