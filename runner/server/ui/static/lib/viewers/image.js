// A picture: as large as fits, or as large as it is and larger; those of other steps by a slider, or all of them in a grid.
import { artifactUrl } from "../api.js";
import { fill, h } from "../dom.js";
import { query, show } from "../state.js";
import { isImage } from "./seen.js";

/** @typedef {import("../viewer.js").Entry} Entry */
/** @typedef {{ key: string, step: number | null }} Step as MLflow names what `log_image` keeps: key%step%3%timestamp%...%uuid.png */

const LARGEST = 16;
const MOST = 200; // pictures of a grid

/** @param {HTMLElement} body @param {import("../viewer.js").Shown} shown */
export function image(body, { run, entry, siblings, url, go }) {
  const size = h("span", { class: "soft" });
  const picture = h("img", { src: url, alt: entry.name, class: "picture", onload: () => (size.textContent = `${picture.naturalWidth} × ${picture.naturalHeight}`), onerror: () => (size.textContent = "This is no picture that the browser can show.") });
  let zoom = 0; // 0: as fits
  const scaled = (/** @type {number} */ to) => {
    zoom = Math.min(LARGEST, Math.max(0.1, to));
    picture.classList.add("scaled");
    picture.style.setProperty("--width", `${picture.naturalWidth * zoom}px`);
  };
  const fit = () => {
    zoom = 0;
    picture.classList.remove("scaled");
  };
  const now = () => zoom || picture.clientWidth / (picture.naturalWidth || 1);
  const box = h("div", { class: "picture-box", tabindex: 0, role: "region", "aria-label": "Picture", onwheel: (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scaled(now() * (event.deltaY < 0 ? 1.2 : 1 / 1.2));
  } }, picture);
  const all = alike(entry, siblings), grid = query().has("grid") && all.length > 1;
  fill(
    body,
    h("div", { class: "bar" }, !grid && [h("button", { onclick: fit }, "Fit"), h("button", { onclick: () => scaled(1) }, "1 : 1"), h("button", { "aria-label": "Smaller", onclick: () => scaled(now() / 1.5) }, "−"), h("button", { "aria-label": "Larger", onclick: () => scaled(now() * 1.5) }, "+"), size], all.length > 1 && h("button", { "aria-pressed": String(grid), onclick: () => (show({ grid: !grid }), go(entry.path)) }, `All ${all.length}`)),
    grid ? pictures(run, all, go) : [all.length > 1 && steps(run, entry, all, picture, go), box],
  );
}

/** The pictures of the directory, or those of the same key by their steps. @param {Entry} entry @param {Entry[]} siblings */
function alike(entry, siblings) {
  const { key, step } = stepOf(entry.name);
  const all = siblings.filter(({ name, directory }) => !directory && isImage(name));
  const same = step === null ? all : all.filter(({ name }) => stepOf(name).key === key && /compressed/.test(name) === /compressed/.test(entry.name));
  return same.sort((a, b) => (stepOf(a.name).step ?? 0) - (stepOf(b.name).step ?? 0) || a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** @param {string} name @returns {Step} */
function stepOf(name) {
  const found = /^(.*?)[%+]step[%+](\d+)[%+]/.exec(name);
  return { key: found?.[1] ?? "", step: found ? Number(found[2]) : null };
}

/** @param {Entry} entry */
function title({ name }) {
  const { key, step } = stepOf(name);
  return step === null ? name : `${key.replaceAll("#", "/")}, step ${step}`;
}

/** One after the other. @param {{ id: string }} run @param {Entry} entry @param {Entry[]} all @param {HTMLImageElement} picture @param {(path: string) => void} go */
function steps(run, entry, all, picture, go) {
  const said = h("output", { class: "soft" }, title(entry));
  const slider = h("input", { type: "range", min: 0, max: all.length - 1, value: all.indexOf(entry), "aria-label": "Pictures of this directory", oninput: () => {
    const chosen = all[Number(slider.value)] ?? entry;
    picture.src = artifactUrl(run.id, chosen.path);
    picture.alt = said.textContent = title(chosen);
  }, onchange: () => go(all[Number(slider.value)]?.path ?? entry.path) });
  return h("div", { class: "bar" }, slider, said);
}

/** All at once. @param {{ id: string }} run @param {Entry[]} all @param {(path: string) => void} go */
function pictures(run, all, go) {
  const shown = all.slice(0, MOST).map((each) => h("figure", null, h("button", { class: "plain", onclick: () => (show({ grid: null }), go(each.path)) }, h("img", { src: artifactUrl(run.id, each.path), alt: title(each), loading: "lazy" })), h("figcaption", { class: "soft" }, title(each))));
  return [all.length > MOST && h("p", { class: "soft" }, `The first ${MOST} of ${all.length}.`), h("div", { class: "picture-grid" }, shown)];
}
