// Environment: the packages of the lock, which needs which, and what else the program found.
import { artifactUrl, own } from "../../lib/api.js";
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bytes, counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { digest, facts, nothing, section } from "./facts.js";
import { list, table } from "./model.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {{ name: string, version: string, build?: string, hashes?: string[], required_by?: string[], asked?: boolean }} Package */

const MOST = 1000; // packages drawn

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const planned = table(run.plan?.environment), made = table(run.record?.environment), lock = table(planned.lock), python = table(made.interpreter);
  const packages = h("div");
  fill(
    place,
    h("div", { class: "columns" },
      section("Environment", facts([
        ["Kind", planned.kind],
        ["File", planned.file],
        ["Python", python.version ? `${python.implementation} ${python.version}` : lock.python || planned.python],
        ["Image", made.image && h("span", { class: "mono break" }, String(made.image))],
        ["Lock", lock.digest && [digest(lock.digest), ` ${lock.kind}, ${counted(Number(lock.packages) || 0, "package")}, ${lock.origin}${lock.pinned === false ? ", not all pinned" : ""}`]],
        ["As of", lock.as_of],
        ["Directory", made.key && h("span", { class: "mono" }, String(made.key))],
        ["Built", made.key && (made.reused ? "it was there" : "for this run")],
        ["Options of the container", list(planned.docker_args).join(" ")],
      ]), made.key && copyable(`runner env show ${String(made.key).slice(0, 12)}`)),
      section("Machine", machine(table(run.record?.machine))),
    ),
    variables(table(run.record?.variables)),
    section("Packages", packages),
  );
  void own(`/runs/${run.id}/environment`).then((told) => drawPackages(packages, run, told), (error) => fill(packages, nothing(error.message)));
  return {};
}

/** @param {Record<string, any>} told */
function machine(told) {
  return facts([
    ["Host", told.host],
    ["System", told.system && `${told.system} ${told.release}, ${told.architecture}`],
    ["C library", told.libc],
    ["Processor", told.processor],
    ["Processors", told.cpus && `${told.cpus}${told.cpus_allowed && told.cpus_allowed !== told.cpus ? `, ${told.cpus_allowed} allowed` : ""}${told.cpu_limit ? `, limit ${told.cpu_limit}` : ""}`],
    ["Memory", told.memory && bytes(told.memory)],
    ["GPUs", list(told.gpus).join(", ")],
    ["Driver", told.gpu_driver],
    ["CUDA", told.cuda],
    ["runner", told.runner && `${told.runner} on Python ${told.runner_python}`],
  ]);
}

/** @param {Record<string, any>} told */
function variables(told) {
  const found = Object.entries(told);
  return found.length > 0 && section("Variables", h("table", { class: "wide" }, h("tbody", null, found.map(([name, value]) => h("tr", null, h("th", { scope: "row", class: "mono" }, name), h("td", { class: "mono break" }, String(value)))))));
}

/** @param {HTMLElement} place @param {Run} run @param {{ lock?: string, packages?: Package[], links?: boolean, observed?: string[], problem?: string }} told */
function drawPackages(place, run, { lock, packages = [], links, observed = [], problem }) {
  const all = packages.length > 0 ? packages : observed.filter((line) => !line.startsWith("#")).map(seen);
  if (all.length === 0) return fill(place, nothing(problem ? `They cannot be told: ${problem}` : "None were recorded."));
  const body = h("tbody"), told = h("span", { class: "soft" });
  const field = h("input", { type: "search", placeholder: "Find a package", "aria-label": "Find a package", value: query().get("package") ?? "" });
  const only = h("input", { type: "checkbox", checked: query().get("asked") === "1" });
  const draw = () => {
    show({ package: field.value, asked: only.checked });
    const found = all.filter((each) => each.name.includes(field.value.toLowerCase()) && (!only.checked || each.asked));
    told.textContent = counted(found.length, "package");
    fill(body, found.slice(0, MOST).map((each) => h("tr", null, h("th", { scope: "row" }, each.name), h("td", { class: "mono" }, each.version, each.build && h("span", { class: "soft break" }, ` ${each.build}`)), links && h("td", null, each.asked ? h("span", { class: "chip" }, "asked for") : h("span", { class: "soft" }, "through ", through(each.required_by))), packages.length > 0 && h("td", null, (each.hashes ?? []).slice(0, 1).map(digest)))));
  };
  for (const element of [field, only]) element.addEventListener("input", draw);
  draw();
  fill(
    place,
    h("div", { class: "bar" }, field, links && h("label", null, only, " asked for"), told, lock && h("a", { class: "button", href: artifactUrl(run.id, lock), download: "" }, `Download ${lock.split("/")[1]}`), observed.length > 0 && h("a", { class: "button", href: artifactUrl(run.id, "runner/packages.txt"), download: "" }, "Download packages.txt")),
    packages.length === 0 && h("p", { class: "soft" }, "Observed in the environment of who started it, not locked."),
    h("table", { class: "wide packages" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "Package"), h("th", { scope: "col" }, "Version"), links && h("th", { scope: "col" }, "Why"), packages.length > 0 && h("th", { scope: "col" }, "Hash"))), body),
  );
}

/** @param {string[]} [names] */
const through = (names = []) => (names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", "));

/** @param {string} line @returns {Package} */
function seen(line) {
  const [name = line, version = ""] = line.split(/={1,2}/);
  return { name, version };
}
