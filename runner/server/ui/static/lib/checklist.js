// What it takes to run a run once more as it was, as far as its record says.
import { h } from "./dom.js";
import { counted } from "./format.js";

/** @typedef {"good" | "warn" | "bad"} State */
/** @typedef {{ state: State, what: string, text: string, todo?: string }} Check */
/** @typedef {{ plan?: any, record?: any, documents?: { path: string }[] }} Told */

/** @type {Record<State, [sign: string, said: string]>} */
const SIGNS = { good: ["✓", "there"], warn: ["!", "perhaps"], bad: ["✗", "missing"] };

/** @param {Told} told @returns {Check[]} */
export function checks({ plan, record, documents }) {
  const { source = {}, environment = {}, secrets = [], inputs = {}, input_digests: digests = {} } = plan ?? {};
  const kept = new Set((documents ?? []).map(({ path }) => path));
  return [code(source, kept), ...changes(source, kept), packages(environment), ...data(inputs, digests), ...given(secrets), ...machine(record?.machine)];
}

/** @param {any} source @param {Set<string>} kept @returns {Check} */
function code(source, kept) {
  const copied = kept.has("runner/source/archive.zip") || [...kept].some((path) => path.endsWith(".bundle"));
  if (source.commit) return { state: "good", what: "Code", text: `commit ${source.commit.slice(0, 10)}${copied ? ", kept with the run" : source.repository || source.kind === "git" ? `, from ${source.repository ?? source.uri}` : ""}` };
  if (copied || source.digest) return { state: "good", what: "Code", text: "the archive that was run, by its digest" };
  return { state: "bad", what: "Code", text: "neither a commit nor a copy was recorded", todo: "Put the project under version control; see docs/how-to/make-reproducible.md." };
}

/** @param {any} source @param {Set<string>} kept @returns {Check[]} */
function changes(source, kept) {
  /** @type {Check[]} */
  const found = [];
  if (source.patch) found.push(kept.has("runner/source/patch.diff") ? { state: "good", what: "Uncommitted changes", text: "kept as a patch" } : { state: "bad", what: "Uncommitted changes", text: "the patch is not among the artifacts any more" });
  else if (source.dirty) found.push({ state: "bad", what: "Uncommitted changes", text: "there were some, and they were not kept" });
  if (source.left_out?.length > 0) found.push({ state: "warn", what: "Left out", text: `${counted(source.left_out.length, "file")} that the code tab names` });
  return found;
}

/** @param {any} environment @returns {Check} */
function packages({ kind, lock, image }) {
  if (lock?.digest) return { state: lock.pinned === false ? "warn" : "good", what: "Packages", text: `${kind}, ${counted(lock.packages, "package")} locked${lock.pinned === false ? ", not all by their hashes" : ""}` };
  if (image) return { state: "warn", what: "Packages", text: `those of the image ${image}` };
  return { state: "warn", what: "Packages", text: "not locked: those of the machine are used", todo: "Declare them in a python_env.yaml, and they are locked from the next run on." };
}

/** @param {Record<string, string>} inputs @param {Record<string, string>} digests @returns {Check[]} */
function data(inputs, digests) {
  return Object.entries(inputs).map(([name, place]) => (digests[name] ? { state: "good", what: "Data", text: `${name}: ${place}, held against its digest when it starts` } : { state: "warn", what: "Data", text: `${name}: ${place}, whose digest is not known` }));
}

/** @param {string[]} secrets @returns {Check[]} */
function given(secrets) {
  return secrets.length === 0 ? [] : [{ state: "bad", what: "Secrets", text: `${secrets.join(", ")}: not recorded`, todo: `Add ${secrets.map((name) => `-P ${name}=…`).join(" ")} to the command.` }];
}

/** @param {any} machine @returns {Check[]} */
function machine(machine) {
  if (!machine?.host) return [];
  const parts = [machine.system && `${machine.system} ${machine.architecture ?? ""}`.trim(), machine.processor, ...(machine.gpus ?? [])].filter(Boolean);
  return [{ state: machine.gpus?.length > 0 ? "warn" : "good", what: "Machine", text: `was ${machine.host}: ${parts.join(", ")}${machine.gpus?.length > 0 ? "; other GPUs may give other last digits" : ""}` }];
}

/** @param {Check[]} found */
export const checkList = (found) =>
  h("ul", { class: "checks" }, found.map(({ state, what, text, todo }) =>
    h("li", { class: state }, h("span", { class: "sign", role: "img", "aria-label": SIGNS[state][1] }, SIGNS[state][0]), h("span", null, h("strong", null, what), ` ${text}`, todo && h("span", { class: "soft todo" }, todo))),
  ));
