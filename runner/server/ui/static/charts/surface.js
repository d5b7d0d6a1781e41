// A canvas that fills its element: as sharp as the screen, drawn once a frame at most, again when its size or the theme changes.
import { h } from "../lib/dom.js";
import { onLook } from "../lib/look.js";

/**
 * @typedef {object} Surface
 * @property {HTMLElement} element @property {HTMLCanvasElement} canvas
 * @property {() => void} draw
 * @property {() => number} width @property {() => number} height
 * @property {() => void} close
 */

/**
 * @param {HTMLElement} container
 * @param {string} label what screen readers say of it
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} paint in CSS pixels, on what is cleared
 * @returns {Surface}
 */
export function surface(container, label, paint) {
  const canvas = h("canvas", { tabindex: 0, role: "img", "aria-label": label });
  const element = h("div", { class: "chart" }, canvas);
  container.append(element);
  let frame = 0, width = element.clientWidth, height = element.clientHeight;
  const draw = () => {
    frame ||= requestAnimationFrame(drawn);
  };
  function drawn() {
    frame = 0;
    const context = canvas.getContext("2d");
    sized(canvas, width, height);
    if (!context || canvas.width === 0 || canvas.height === 0) return;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context, width, height);
  }
  const sizes = new ResizeObserver(() => {
    [width, height] = [element.clientWidth, element.clientHeight];
    drawn(); // at once: a canvas with another size is empty
  });
  sizes.observe(element);
  const forget = onLookWhileThere(element, draw);
  const close = () => {
    sizes.disconnect();
    cancelAnimationFrame(frame);
    forget();
    element.remove();
  };
  return { element, canvas, draw, width: () => width, height: () => height, close };
}

/** As many pixels as the screen has there now: it may be another screen. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function sized(canvas, width, height) {
  const across = Math.round(width * devicePixelRatio), down = Math.round(height * devicePixelRatio);
  if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
}

/** @type {Map<HTMLElement, () => void>} charts that are there; one listener for all */
const drawn = new Map();
onLook(() => drawn.forEach((draw) => draw()));

/** @param {HTMLElement} element @param {() => void} draw @returns {() => void} */
function onLookWhileThere(element, draw) {
  drawn.set(element, draw);
  return () => drawn.delete(element);
}

/**
 * Follow a pointer that is pressed on an element until it is let go.
 *
 * @param {HTMLElement} element
 * @param {{ start: (x: number, y: number, event: PointerEvent) => boolean, move: (x: number, y: number) => void, end: (moved: boolean) => void }} does
 */
export function drags(element, does) {
  element.addEventListener("pointerdown", (event) => {
    const place = element.getBoundingClientRect();
    const from = [event.clientX - place.left, event.clientY - place.top];
    if (event.button !== 0 || !does.start(from[0] ?? 0, from[1] ?? 0, event)) return;
    element.setPointerCapture(event.pointerId);
    let moved = false;
    /** @param {PointerEvent} now */
    const move = (now) => {
      moved ||= Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) > 3;
      if (moved) does.move(now.clientX - place.left, now.clientY - place.top);
    };
    const held = new AbortController(), { signal } = held;
    const end = () => {
      held.abort();
      does.end(moved);
    };
    element.addEventListener("pointermove", move, { signal });
    element.addEventListener("pointerup", end, { signal });
    element.addEventListener("pointercancel", end, { signal });
  });
}
