// Points of a chart that stand for runs: what is next to the pointer is told, arrow keys go from one to the next, Enter opens.
import { h } from "../lib/dom.js";
import { tooltip } from "./tooltip.js";

/** @typedef {{ id: string, name: string, x: number, y: number, colour: string, lines: [string, string][] }} Dot pixels, and what is told */

/**
 * @param {import("./surface.js").Surface} surface
 * @param {{ dots: () => Dot[], onHover?: (id: string | null) => void, onOpen?: (id: string) => void }} does
 */
export function dots(surface, does) {
  const { canvas, element } = surface;
  const said = h("div", { class: "visually-hidden", role: "status" });
  element.append(said);
  const tip = tooltip(element);
  /** @type {string | null} */
  let lit = null;
  const choose = (/** @type {Dot | undefined} */ dot) => {
    if ((dot?.id ?? null) !== lit) {
      lit = dot?.id ?? null;
      does.onHover?.(lit);
      surface.draw();
    }
    if (dot) tip.show(dot.x, dot.y, dot.name, dot.lines.map(([name, value]) => ({ colour: dot.colour, name, value })));
    else tip.hide();
  };
  canvas.addEventListener("pointermove", (event) => {
    const place = canvas.getBoundingClientRect();
    choose(nearest(does.dots(), event.clientX - place.left, event.clientY - place.top));
  });
  canvas.addEventListener("pointerleave", () => choose(undefined));
  canvas.addEventListener("blur", () => choose(undefined));
  canvas.addEventListener("click", () => lit !== null && does.onOpen?.(lit));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && lit !== null) does.onOpen?.(lit);
    if (step === undefined) return;
    event.preventDefault();
    const all = does.dots().toSorted((a, b) => a.x - b.x || a.y - b.y);
    const at = all.findIndex(({ id }) => id === lit);
    const dot = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length];
    choose(dot);
    if (dot) said.textContent = `${dot.name}: ${dot.lines.map((line) => line.join(" ")).join(", ")}`;
  });
  return { lit: () => lit, light: (/** @type {string | null} */ id) => ((lit = id), surface.draw()) };
}

/** @param {Dot[]} all @param {number} x @param {number} y */
function nearest(all, x, y) {
  let found, least = 14;
  for (const dot of all) {
    const far = Math.hypot(dot.x - x, dot.y - y);
    if (far < least) [found, least] = [dot, far];
  }
  return found;
}
