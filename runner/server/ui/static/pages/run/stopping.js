// Stop, and Kill where a program takes its time to end: the second time kills, so a double click counts once.
import { h } from "../../lib/dom.js";
import { ago } from "../../lib/format.js";
import { tried } from "./tried.js";

/** @typedef {{ id: string, name: string }} Run */

const PAUSE = 2000; // milliseconds after an answer in which a click belongs to the one before

/** @type {Map<string, number>} by run, when it was asked to end from here */
const asked = new Map();
/** @type {Set<string>} runs that were asked just now */
const pausing = new Set();
/** @type {WeakMap<Element, () => void>} by button, what has it say how it is */
const shows = new WeakMap();

/** @param {Run} run @param {boolean} [brief] only what it does */
export function stopButton(run, brief = false) {
  const button = h("button", { "data-stop": run.id, onclick: () => void stopped(run.id) });
  shows.set(button, () => {
    const at = asked.get(run.id), word = at === undefined ? "Stop" : "Kill";
    button.setAttribute("aria-disabled", String(pausing.has(run.id))); // one that is disabled would lose the focus
    button.classList.toggle("soft", pausing.has(run.id));
    button.textContent = at === undefined || brief ? word : `${word}, asked to end ${ago(at)}`;
    if (brief) button.setAttribute("aria-label", `${word} ${run.name}`);
  });
  shows.get(button)?.();
  return button;
}

/** Have the buttons of a run, which may be others by now, say how it is. @param {string} run id */
export function renewStop(run) {
  for (const button of document.querySelectorAll(`[data-stop="${CSS.escape(run)}"]`)) shows.get(button)?.();
}

/** @param {string} run id */
async function stopped(run) {
  if (pausing.has(run)) return;
  const before = asked.get(run);
  pausing.add(run);
  asked.set(run, before ?? Date.now());
  renewStop(run);
  await tried(async () => {
    const { stop } = await import("../../lib/runagain.js");
    if (!(await stop(run)) && before === undefined) asked.delete(run);
  });
  setTimeout(() => (pausing.delete(run), renewStop(run)), PAUSE);
}
