// How a run goes, where one does not look at its page: in the title and the icon of the tab.
import { ink } from "../../lib/colour.js";
import { mood, word } from "./model.js";

const MARKS = { good: "✓", bad: "✗", warn: "■", going: "●" };
const COLOURS = { good: "--good", bad: "--bad", warn: "--warn", going: "--accent" };

/** @param {import("./model.js").Run} run */
export function sign(run) {
  const how = /** @type {keyof typeof MARKS} */ (mood(run.status));
  document.title = `${MARKS[how]} ${run.name} ${word(run.status)} · runner`;
  const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${ink(COLOURS[how])}"/></svg>`;
  document.querySelector("link[rel=icon]")?.setAttribute("href", `data:image/svg+xml,${encodeURIComponent(icon)}`);
}
