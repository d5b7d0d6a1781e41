// What a page shows is in its URL, so that a reload, a link and Back show the same. A URL that is too long to be handed on is kept by
// the server, and the page has a short one instead: /v/<id>.
import { send } from "./api.js";

const LONGEST = 2000; // characters of a URL that is still handed on
const PAUSE = 400; // milliseconds without a change before it is kept
const KEEPABLE = /^\/(runs|compare)\?/;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon;

/** The whole address of what the page shows, from its path on. @returns {string} */
export const address = () => history.state?.address ?? location.pathname + location.search;

/** @returns {URLSearchParams} */
export const query = () => new URLSearchParams(address().split("?")[1]);

/**
 * Change parts of the query; an empty value removes its name. `push` makes an entry for Back.
 *
 * @param {Record<string, string | number | boolean | null | undefined>} changes
 * @param {{ push?: boolean }} [options]
 */
export function show(changes, options) {
  const parts = query();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "" || value === false) parts.delete(name);
    else parts.set(name, value === true ? "1" : String(value));
  }
  const text = parts.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  const [path = ""] = address().split("?");
  go(text ? `${path}?${text}` : path, options);
}

/**
 * Another URL of the same page.
 *
 * @param {string} url
 * @param {{ push?: boolean }} [options]
 */
export function go(url, options) {
  if (url === address()) return;
  if (options?.push) history.pushState(null, "", url + location.hash);
  else history.replaceState(null, "", url + location.hash);
  shorten();
}

/** Have the server keep a long address. */
function shorten() {
  clearTimeout(soon);
  const long = address();
  if (long.length > LONGEST && KEEPABLE.test(long) && location.pathname + location.search === long) soon = setTimeout(() => void kept(long), PAUSE);
}

/** @param {string} long */
async function kept(long) {
  const answer = await send("/addresses", { address: long }).catch(() => undefined); // then it stays long
  if (answer && address() === long) history.replaceState({ address: long }, "", answer.short + location.hash);
}

shorten();

/** @param {() => void} listener called when Back or Forward changed the URL */
export const onBack = (listener) => addEventListener("popstate", listener);
