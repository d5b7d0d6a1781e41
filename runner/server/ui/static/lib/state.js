// What a page shows is in its URL, so that a reload, a link and Back show the same.

/** @returns {URLSearchParams} */
export const query = () => new URLSearchParams(location.search);

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
  go(text ? `${location.pathname}?${text}` : location.pathname, options);
}

/**
 * Another URL of the same page.
 *
 * @param {string} url
 * @param {{ push?: boolean }} [options]
 */
export function go(url, options) {
  if (url === location.pathname + location.search) return;
  if (options?.push) history.pushState(null, "", url + location.hash);
  else history.replaceState(null, "", url + location.hash);
}

/** @param {() => void} listener called when Back or Forward changed the URL */
export const onBack = (listener) => addEventListener("popstate", listener);
