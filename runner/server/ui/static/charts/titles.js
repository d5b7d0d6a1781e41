// Titles of parallel axes: dragged to order them, clicked for a log scale; by keys all that, and brushes.
import { h } from "../lib/dom.js";
import { drags } from "./surface.js";

/** @typedef {{ option: { title: string, log?: boolean }, x: number }} Titled */
/** @typedef {{ turn: (at: number) => void, move: (from: number, to: number) => void, slide: (at: number, step: number) => void, clear: (at: number) => void }} Does */

const NARROW = 50, WIDE = 160, ALONE = 200; // pixels

/** @param {Titled[]} axes @param {Does} does */
export function titles(axes, does) {
  const room = axes.length > 1 ? (axes[1]?.x ?? 0) - (axes[0]?.x ?? 0) : ALONE;
  return axes.map(({ option, x }, at) => {
    const told = `${option.title}${option.log ? " (log)" : ""}`;
    const label = `${told}, axis ${at + 1} of ${axes.length}. Enter: log scale; left and right: move; up and down: brush; delete: no brush`;
    const title = h("button", { type: "button", class: "axis-title", title: `${told}: click for a log scale, drag to move`, "aria-label": label }, told);
    title.style.setProperty("--x", `${x}px`);
    title.style.setProperty("--room", `${Math.max(NARROW, Math.min(WIDE, room - 6))}px`);
    movable(title, at, axes, does);
    title.addEventListener("keydown", (event) => pressed(event, at, does));
    return title;
  });
}

/** @param {HTMLButtonElement} title @param {number} at @param {Titled[]} axes @param {Does} does */
function movable(title, at, axes, does) {
  let to = 0;
  drags(title, {
    start: () => true,
    move: (x) => {
      to = (axes[at]?.x ?? 0) - title.offsetWidth / 2 + x;
      title.style.setProperty("--x", `${to}px`);
    },
    end: (moved) => (moved ? does.move(at, axes.filter(({ x }, other) => other !== at && x < to).length) : does.turn(at)),
  });
}

/** @param {KeyboardEvent} event @param {number} at @param {Does} does */
function pressed(event, at, does) {
  if (event.key === "Enter" || event.key === " ") does.turn(at);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") does.move(at, at + (event.key === "ArrowLeft" ? -1 : 1));
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") does.slide(at, event.key === "ArrowUp" ? 1 : -1);
  else if (event.key === "Delete" || event.key === "Backspace") does.clear(at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}
