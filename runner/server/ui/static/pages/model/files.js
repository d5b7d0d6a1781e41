// The files of a version: shown with those of its run where they lie there, else to be had as they are.
import { h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";

/** @typedef {import("./versions.js").Version} Version */

const AT_ONCE = 30;

/** @param {Version} version @param {string} path */
export function fileUrl({ name, version, run, run_path: top }, path) {
  if (run && top !== undefined) return `/r/${run.id}/artifacts?path=${encodeURIComponent(top ? `${top}/${path}` : path)}`;
  return `/model-versions/get-artifact?${new URLSearchParams({ name, version: String(version), path })}`;
}

/** A link to a file: what lies with no run comes as a download. @param {Version} version @param {string} path */
export const fileLink = (version, path) => h("a", { class: "mono", href: fileUrl(version, path), download: version.run === undefined || version.run_path === undefined }, path);

/** @param {Version} version */
export function fileList(version) {
  const { files } = version;
  if (files.length === 0) return null;
  const body = h("tbody"), more = h("button", { class: "plain", onclick: () => draw() });
  let shown = 0;
  const draw = () => {
    body.append(...files.slice(shown, shown + AT_ONCE).map(({ path, size }) => h("tr", null, h("td", { class: "break" }, fileLink(version, path)), h("td", { class: "number" }, bytes(size)))));
    shown += AT_ONCE;
    more.hidden = shown >= files.length;
    more.textContent = counted(files.length - shown, "more file");
  };
  draw();
  return h("section", { class: "card" }, h("h2", null, "Files ", h("span", { class: "chip" }, version.more ? `the first ${files.length}` : String(files.length))),
    h("table", { class: "pairs" }, h("thead", { class: "visually-hidden" }, h("tr", null, h("th", null, "Path"), h("th", null, "Size"))), body), more);
}
