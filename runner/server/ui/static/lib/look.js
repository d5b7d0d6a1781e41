// How pages look in this browser: theme and density, kept here; theme.js sets them when a page begins.

/** @typedef {"theme" | "density"} Choice */

export const CHOICES = {
  theme: [["", "As the system"], ["light", "Light"], ["dark", "Dark"]],
  density: [["", "Roomy"], ["compact", "Compact"]],
};

/** @param {Choice} name */
export const chosen = (name) => document.documentElement.dataset[name] ?? "";

/** @param {Choice} name @param {string} value empty: what it is without a choice */
export function choose(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  try {
    if (value) localStorage.setItem(`runner.${name}`, value);
    else localStorage.removeItem(`runner.${name}`);
  } catch {
    // for this page only, where the browser keeps nothing
  }
  dispatchEvent(new CustomEvent("look"));
}

/** Whether what is on the screen is dark now. */
export function isDark() {
  return chosen("theme") === "dark" || (chosen("theme") === "" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** @param {() => void} listener called when colours or sizes have changed: what is drawn on canvas must be drawn anew */
export function onLook(listener) {
  addEventListener("look", listener);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
}
