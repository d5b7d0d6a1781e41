// The same picture of several runs: beside each other, one over the other with a slider, or the pixels in which two differ.
import { artifactUrl } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { nameOf, select } from "./parts.js";

/** @typedef {{ id: string, name: string }} Of */

const MOST = 4_000_000; // pixels of a difference

/** @param {Of[]} runs those that have it @param {string} path */
export function pictures(runs, path) {
  const box = h("div"), [first, ...others] = runs;
  const draw = () => {
    const how = others.length > 0 ? (query().get("how") ?? "") : "", second = others.find(({ id }) => id === query().get("other")) ?? others[0];
    const set = (/** @type {string} */ name) => (/** @type {string} */ value) => (show({ [name]: value }), draw());
    const bar = others.length > 0 && h(
      "div", { class: "compare-bar" },
      select("Show", [["", "Side by side"], ["slider", "Slider"], ["difference", "Differing pixels"]], how, set("how")),
      how !== "" && others.length > 1 && second && select("Against", others.map(({ id, name }) => [id, name]), second.id, set("other")),
    );
    const content = !how || !first || !second ? sideBySide(runs, path) : how === "slider" ? slider(first, second, path) : difference(first, second, path);
    fill(box, bar, content);
  };
  draw();
  return box;
}

/** @param {Of} run @param {string} path @param {string} [loading] */
const picture = (run, path, loading = "eager") => h("img", { src: artifactUrl(run.id, path), alt: `${path} of ${run.name}`, loading });

/** @param {Of[]} runs @param {string} path */
const sideBySide = (runs, path) => h("div", { class: "compare-images" }, runs.map((run) => h("figure", null, h("figcaption", null, nameOf(run)), picture(run, path, "lazy"))));

/** @param {Of} first @param {Of} second @param {string} path */
function slider(first, second, path) {
  const over = h("div", { class: "picture-over" }, picture(first, path), h("div", { class: "picture-upper" }, picture(second, path)));
  const range = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `How much of ${second.name} is seen`, oninput: () => over.style.setProperty("--part", `${range.value}%`) });
  over.style.setProperty("--part", "50%");
  return [h("div", { class: "compare-bar" }, nameOf(first), range, nameOf(second)), over];
}

/** @param {Of} first @param {Of} second @param {string} path */
function difference(first, second, path) {
  const said = h("p", { class: "soft", role: "status", "aria-busy": "true" }, "Comparing pixels…"), canvas = h("canvas", { class: "picture-difference", role: "img", "aria-label": `Pixels in which ${first.name} and ${second.name} differ` });
  void Promise.all([first, second].map((run) => loaded(artifactUrl(run.id, path)))).then(
    ([a, b]) => (said.textContent = a && b ? compared(canvas, a, b) : ""),
    () => (said.textContent = "One of them is no picture that the browser can show."),
  ).finally(() => said.removeAttribute("aria-busy"));
  return [said, canvas];
}

/** @param {string} url */
async function loaded(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** Draw how much each pixel differs; what there is to say about it. @param {HTMLCanvasElement} canvas @param {HTMLImageElement} a @param {HTMLImageElement} b */
function compared(canvas, a, b) {
  const width = Math.max(a.naturalWidth, b.naturalWidth), height = Math.max(a.naturalHeight, b.naturalHeight);
  if (width * height > MOST) return `They are too large to be compared here: ${width} × ${height} pixels.`;
  const [one, other] = [a, b].map((image) => pixels(image, width, height)), context = canvas.getContext("2d");
  if (!one || !other || !context) return "";
  Object.assign(canvas, { width, height });
  const drawn = context.createImageData(width, height);
  let differing = 0, greatest = 0;
  for (let at = 0; at < drawn.data.length; at += 4) {
    const far = Math.max(...[0, 1, 2, 3].map((part) => Math.abs((one[at + part] ?? 0) - (other[at + part] ?? 0))));
    if (far > 0) differing += 1;
    greatest = Math.max(greatest, far);
    const grey = 255 - Math.round(((one[at] ?? 0) + (one[at + 1] ?? 0) + (one[at + 2] ?? 0)) / 12);
    drawn.data.set(far > 0 ? [200, 30, 60, 80 + Math.round((far / 255) * 175)] : [grey, grey, grey, 60], at);
  }
  context.putImageData(drawn, 0, 0);
  const sizes = a.naturalWidth === b.naturalWidth && a.naturalHeight === b.naturalHeight ? "" : `Their sizes differ: ${a.naturalWidth} × ${a.naturalHeight} and ${b.naturalWidth} × ${b.naturalHeight}. `;
  return `${sizes}${differing === 0 ? "No pixel differs." : `${((100 * differing) / (width * height)).toPrecision(3)} % of the pixels differ, by ${greatest} of 255 at most.`}`;
}

/** @param {HTMLImageElement} image @param {number} width @param {number} height */
function pixels(image, width, height) {
  const context = h("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  context?.drawImage(image, 0, 0);
  return context?.getImageData(0, 0, width, height).data;
}
