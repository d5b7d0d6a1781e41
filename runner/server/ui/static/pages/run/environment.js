// Environment: whether it is that of the run before, the packages of the lock, which needs which, and what else the program found.
import { artifactUrl, own } from "../../lib/api.js";
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bytes, counted, lasting } from "../../lib/format.js";
import { observed, packageList } from "../envs/packages.js";
import { lockUrl } from "../envs/parts.js";
import { digest, facts, nothing, section } from "./facts.js";
import { list, table } from "./model.js";
import { sameAs } from "./sameness.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {{ lock?: string, packages?: import("../envs/packages.js").Package[], links?: boolean, observed?: string[], problem?: string }} Told */

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const planned = table(run.plan?.environment), made = table(run.record?.environment), lock = table(planned.lock), python = table(made.interpreter);
  const packages = h("div"), same = h("div");
  fill(
    place,
    h("div", { class: "columns" },
      section("Environment", facts([
        ["Kind", planned.kind],
        ["File", planned.file],
        ["Python", python.version ? `${python.implementation} ${python.version}` : lock.python || planned.python],
        ["Image", made.image && h("span", { class: "mono break" }, String(made.image))],
        ["Lock", lock.digest && [digest(lock.digest), ` ${lock.kind}, ${counted(Number(lock.packages) || 0, "package")}, ${lock.origin}${lock.pinned === false ? ", not all pinned" : ""} `, run.tags["runner.lock"] === lock.digest && h("a", { href: lockUrl(String(lock.digest)) }, "all runs with it")]],
        ["As of", lock.as_of],
        ["Directory", made.key && h("a", { class: "mono", href: `/envs?env=${encodeURIComponent(String(made.key))}` }, String(made.key).slice(0, 12))],
        ["Built", made.key && built(made, table(run.record?.phases))],
        ["Options of the container", list(planned.docker_args).join(" ")],
      ]), made.key && copyable(`runner env show ${String(made.key).slice(0, 12)}`)),
      section("Machine", machine(table(run.record?.machine))),
    ),
    same,
    variables(table(run.record?.variables)),
    section("Packages", packages),
  );
  void sameAs(same, run);
  void own(`/runs/${run.id}/environment`).then((told) => drawPackages(packages, run, told), (error) => fill(packages, nothing(error.message)));
  return {};
}

/** @param {Record<string, any>} made @param {Record<string, any>} phases */
function built(made, phases) {
  const took = [["lock", "resolved"], ["environment", made.reused ? "found" : "built"]].flatMap(([phase = "", done = ""]) => (typeof phases[phase] === "number" ? [`${done} in ${lasting(1000 * phases[phase])}`] : []));
  return [made.reused ? "it was there" : "for this run", took.length > 0 && h("span", { class: "soft" }, ` ${took.join(", ")}`)];
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

/** @param {HTMLElement} place @param {Run} run @param {Told} told */
function drawPackages(place, run, { lock, packages = [], links, observed: lines = [], problem }) {
  /** @type {[string, string][]} */
  const files = [];
  if (lock) files.push([lock.split("/").at(-1) ?? lock, artifactUrl(run.id, lock)]);
  if (lines.length > 0) files.push(["packages.txt", artifactUrl(run.id, "runner/packages.txt")]);
  if (packages.length > 0) packageList(place, packages, { links, files });
  else packageList(place, lines.filter((line) => !line.startsWith("#")).map(observed), { problem, files, note: "Observed in the environment of who started it, not locked." });
}
