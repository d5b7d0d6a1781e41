// A picture: as large as fits, or as large as it is and larger; its neighbours by a slider, as those of the steps of a training.
import { fill, h } from "../dom.js";
import { artifactUrl } from "../api.js";
import { isImage } from "./seen.js";

const LARGEST = 16;

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
  fill(
    body,
    h("div", { class: "bar" }, h("button", { onclick: fit }, "Fit"), h("button", { onclick: () => scaled(1) }, "1 : 1"), h("button", { "aria-label": "Smaller", onclick: () => scaled(now() / 1.5) }, "−"), h("button", { "aria-label": "Larger", onclick: () => scaled(now() * 1.5) }, "+"), size),
    steps(run, entry, siblings, picture, go),
    box,
  );
}

/**
 * The pictures of the directory, one after the other.
 *
 * @param {{ id: string }} run @param {import("../viewer.js").Entry} entry @param {import("../viewer.js").Entry[]} siblings
 * @param {HTMLImageElement} picture @param {(path: string) => void} go
 */
function steps(run, entry, siblings, picture, go) {
  const all = siblings.filter(({ name, directory }) => !directory && isImage(name)).sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  if (all.length < 2) return null;
  const said = h("output", { class: "soft" }, entry.name);
  const slider = h("input", { type: "range", min: 0, max: all.length - 1, value: all.indexOf(entry), "aria-label": "Pictures of this directory", oninput: () => {
    const chosen = all[Number(slider.value)] ?? entry;
    picture.src = artifactUrl(run.id, chosen.path);
    picture.alt = said.textContent = chosen.name;
  }, onchange: () => go(all[Number(slider.value)]?.path ?? entry.path) });
  return h("div", { class: "bar" }, slider, said);
}
