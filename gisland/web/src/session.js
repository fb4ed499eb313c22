/** The sign-in dialog. */
import {signIn, signOut, signedIn} from './api.js';
import {byId} from './dom.js';
import {t} from './i18n.js';

let user = '';

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
      const me = await signIn(form.elements.name.value.trim(), form.elements.secret.value);
      user = me.name;
    } catch (error) {
      byId('sign-in-error').textContent = error.kind === 'unauthorized' ? t('session.wrong') : error.message;
      return;
    }
    leave();
    showSession();
    await changed();
  });
}

/** Forget who is signed in. */
export function endSession() {
  signOut();
  user = '';
  showSession();
}

/** Write the state of the session on its button. */
export function showSession() {
  byId('session-text').textContent = t(signedIn() ? 'session.sign_out' : 'session.sign_in');
  byId('session-user').textContent = user;
}
