// Starts the page. A browser cancels the requests that wait for a connection when a network interface of its machine appears or goes.
// Beside an engine each start and end of a container does that, and a module that failed stays failed until the document is loaded again.

const RELOADS = 'containerapi.reloads';
const MAX_RELOADS = 5;
const RELOAD_PERIOD_MS = 60_000;
const FIRST_DELAY_MS = 200;

/** Imports a module. If its files cannot be loaded, the page is loaded again after a moment; throws after five reloads in a minute. */
export async function load(importModule) {
  try {
    return await importModule();
  } catch (e) {
    const reloads = JSON.parse(sessionStorage.getItem(RELOADS) ?? '[]').filter(time => Date.now() - time < RELOAD_PERIOD_MS);
    if (!(e instanceof TypeError) || reloads.length >= MAX_RELOADS) throw e;
    sessionStorage.setItem(RELOADS, JSON.stringify([...reloads, Date.now()]));
    setTimeout(() => location.reload(), FIRST_DELAY_MS * 2 ** reloads.length);
    return new Promise(() => {});
  }
}

load(() => import('./app.js')).catch(e => {
  document.body.textContent = e.message;
});
const style = document.querySelector('link[rel=stylesheet]');
window.addEventListener('load', () => {
  // A style sheet that failed is only asked for again; the page works without it.
  if (style.sheet === null) style.replaceWith(style.cloneNode());
});
