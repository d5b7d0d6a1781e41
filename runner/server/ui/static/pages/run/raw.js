// Raw: the documents of a run as they are.
import { artifactUrl } from "../../lib/api.js";
import { copy } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bytes } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { tree } from "../../lib/tree.js";

/** @typedef {import("./model.js").Run} Run */

const LARGEST = 5_000_000; // bytes

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const body = h("div");
  const documents = run.documents.filter(({ path }) => path.endsWith(".json"));
  /** @type {[string, () => Promise<any>][]} */
  const sources = [
    ["run", () => Promise.resolve({ id: run.id, name: run.name, experiment: run.experiment, status: run.status, lifecycle: run.lifecycle, user: run.user, start_time: run.start_time, end_time: run.end_time, artifact_uri: run.artifact_uri, params: run.params, metrics: run.metrics, tags: run.tags })],
    ...documents.map(({ path, size }) => /** @type {[string, () => Promise<any>]} */ ([path.replace("runner/", ""), () => document(run, path, size)])),
  ];
  const choose = h("select", { "aria-label": "Document" }, sources.map(([name]) => h("option", { value: name, selected: name === query().get("document") }, name)));
  let value = /** @type {any} */ (null);
  const draw = async () => {
    const [name, read] = sources.find(([each]) => each === choose.value) ?? /** @type {[string, () => Promise<any>]} */ (sources[0]);
    show({ document: name === "run" ? null : name });
    try {
      value = await read();
      fill(body, tree(value));
    } catch (error) {
      fill(body, h("p", { class: "bad" }, error instanceof Error ? error.message : String(error)));
    }
  };
  choose.addEventListener("change", () => void draw());
  fill(place, h("div", { class: "bar" }, choose, h("button", { onclick: () => void copy(JSON.stringify(value, null, 2)) }, "Copy")), h("div", { class: "card" }, body));
  void draw();
  return {};
}

/** @param {Run} run @param {string} path @param {number} size */
async function document(run, path, size) {
  if (size > LARGEST) throw new Error(`${path} has ${bytes(size)}: download it from the artifacts.`);
  const answer = await fetch(artifactUrl(run.id, path));
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}
