// The colour of a run: by its id, so that it is the same on every screen, for everybody. Runs of one colour differ in their dashes.
import { isDark } from "./look.js";

// Told apart also by those who see few colours: neighbours differ in lightness. At least 3 : 1 on the surface of both themes.
const COLOURS = [
  "light-dark(#0065b8, #64aef2)",
  "light-dark(#c04a00, #f7924b)",
  "light-dark(#00745a, #35c79d)",
  "light-dark(#b02c86, #f29ad5)",
  "light-dark(#7a6500, #dcc94f)",
  "light-dark(#3a2a96, #a9a0f5)",
  "light-dark(#00819c, #7be0f7)",
  "light-dark(#8a1838, #f47f95)",
];
// Lengths of lines and gaps in pixels.
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [14, 4]];

/**
 * A colour for CSS (`element.style.setProperty("--run", colourOf(id))`), right in both themes.
 *
 * @param {string} run id
 * @returns {string}
 */
export const colourOf = (run) => COLOURS[hash(run) % COLOURS.length] ?? "";

/**
 * How the lines of runs that are shown together are dashed, as `setLineDash` takes it: the first of each colour is not.
 *
 * @param {string[]} runs ids
 * @returns {Map<string, number[]>}
 */
export function dashesOf(runs) {
  /** @type {Map<string, number>} */
  const alike = new Map();
  return new Map(runs.map((run) => {
    const colour = colourOf(run), before = alike.get(colour) ?? 0;
    alike.set(colour, before + 1);
    return [run, DASHES[before % DASHES.length] ?? []];
  }));
}

/** @param {number} place a colour for what is no run: kinds, digests, classes */
export const colourAt = (place) => COLOURS[place % COLOURS.length] ?? "";

/**
 * A colour as canvas takes it: `light-dark(...)` resolved to what is on the screen now; `--name`, a variable of the page.
 *
 * @param {string} colour
 * @returns {string}
 */
export function ink(colour) {
  const given = colour.startsWith("--") ? getComputedStyle(document.documentElement).getPropertyValue(colour).trim() : colour;
  const both = /^light-dark\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)$/.exec(given);
  return both ? (isDark() ? both[2] : both[1]) ?? given : given;
}

// Colour scales of values: the lightest is near the page, the darkest far from it, in both themes ("viridis" read from its ends).
const SCALE = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44]];

/**
 * A colour for a value between 0 and 1; on dark pages small values are not too dark to be seen.
 *
 * @param {number} part
 * @returns {string} for canvas
 */
export function shade(part) {
  const from = isDark() ? 2 : 0;
  const place = from + Math.min(1, Math.max(0, part)) * (SCALE.length - 1 - from);
  const low = SCALE[Math.floor(place)] ?? [0, 0, 0], high = SCALE[Math.ceil(place)] ?? low;
  const mixed = low.map((each, at) => Math.round(each + ((high[at] ?? each) - each) * (place % 1)));
  return `rgb(${mixed.join(" ")})`;
}

/** FNV-1a, with its bits mixed: ids that begin alike have other colours. @param {string} text */
function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
