// Packages of a lock, to be searched: which version, asked for or needed by which others, from where, how large.
import { fill, h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { digest, nothing } from "../run/facts.js";

/** @typedef {{ name: string, version: string, build?: string, hashes?: string[], required_by?: string[], asked?: boolean, host?: string, size?: number }} Package */
/** @typedef {{ links?: boolean, problem?: string, note?: string, files?: [name: string, address: string][] }} About */

const MOST = 1000; // packages drawn

/**
 * Draw them, with a search whose text is in the URL.
 *
 * @param {HTMLElement} place
 * @param {Package[]} packages
 * @param {About} [about] `links`: it is known which needs which; `problem`: why there are none; `files` to download
 */
export function packageList(place, packages, { links, problem, note, files = [] } = {}) {
  if (packages.length === 0) return fill(place, nothing(problem ? `They cannot be told: ${problem}` : "None were recorded."), downloads(files));
  const columns = columnsOf(packages, Boolean(links)), body = h("tbody"), told = h("span", { class: "soft", role: "status" });
  const field = h("input", { type: "search", placeholder: "Find a package", "aria-label": "Find a package", value: query().get("package") ?? "" });
  const only = h("input", { type: "checkbox", checked: query().get("asked") === "1" });
  const draw = () => {
    show({ package: field.value, asked: only.checked });
    const wanted = field.value.trim().toLowerCase();
    const found = packages.filter((each) => each.name.toLowerCase().includes(wanted) && (!only.checked || each.asked));
    fill(told, counted(found.length, "package"), found.length > MOST && `, the first ${MOST} of them`);
    fill(body, found.slice(0, MOST).map((each) => h("tr", null, columns.map(([, cell]) => cell(each)))));
  };
  for (const element of [field, only]) element.addEventListener("input", draw);
  draw();
  return fill(
    place,
    h("div", { class: "bar" }, field, links && h("label", null, only, " asked for"), told, downloads(files)),
    note && h("p", { class: "soft" }, note),
    h("div", { class: "packages-scroll", tabindex: 0, role: "region", "aria-label": "Packages" }, h("table", { class: "wide packages" },
      h("thead", null, h("tr", null, columns.map(([title]) => h("th", { scope: "col", class: title === "Size" && "number" }, title)))), body)),
  );
}

/** Those for which there is something to tell. @param {Package[]} packages @param {boolean} links @returns {[title: string, cell: (each: Package) => HTMLElement][]} */
function columnsOf(packages, links) {
  const any = (/** @type {(each: Package) => unknown} */ has) => packages.some(has);
  /** @type {[string, (each: Package) => HTMLElement, boolean][]} */
  const all = [
    ["Package", (each) => h("th", { scope: "row" }, each.name), true],
    ["Version", (each) => h("td", { class: "mono" }, each.version, each.build && h("span", { class: "soft break" }, ` ${each.build}`)), true],
    ["Why", (each) => h("td", null, each.asked ? h("span", { class: "chip" }, "asked for") : h("span", { class: "soft", title: "The project may ask for it, too" }, "needed by ", several(each.required_by))), links],
    ["From", (each) => h("td", { class: "soft" }, each.host ?? ""), any(({ host }) => host)],
    ["Size", (each) => h("td", { class: "number", title: each.size ? "of the largest file that the lock lists" : null }, bytes(each.size)), any(({ size }) => size)],
    ["Hash", (each) => h("td", null, (each.hashes ?? []).slice(0, 1).map(digest)), any(({ hashes }) => hashes?.length)],
  ];
  return all.filter(([, , isThere]) => isThere).map(([title, cell]) => [title, cell]);
}

/** @param {[name: string, address: string][]} files */
const downloads = (files) => files.map(([name, address]) => h("a", { class: "button", href: address, download: "" }, `Download ${name}`));

/** @param {string[]} [names] */
const several = (names = []) => (names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", "));

/** A line of what was observed (`name==version`, or conda's `name=version=build`). @param {string} line @returns {Package} */
export function observed(line) {
  const [name = line, version = "", build] = line.split(/={1,2}/);
  return { name, version, build };
}
