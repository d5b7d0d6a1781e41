// What the pages of models have in common: where they are, and what is known of versions and of the runs that made them.
import { change, mlflow, pattern } from "../../lib/api.js";

/** @typedef {{ name: string, version: string, run_id?: string, source?: string, status?: string, status_message?: string, current_stage?: string, description?: string, creation_timestamp?: number, last_updated_timestamp?: number, user_id?: string, aliases?: string[], tags?: { key: string, value: string }[] }} Version */
/** @typedef {{ id: string, name: string, experiment: string, user: string, started?: number, metrics: Map<string, number>, params: Map<string, string>, tags: Map<string, string>, datasets: { name: string, digest: string, context: string }[] }} Run */

const MOST = 1000;

/** @param {string} name @param {string} [version] */
export const modelUrl = (name, version) =>
  `/models/${encodeURIComponent(name)}${version === undefined ? "" : `/${encodeURIComponent(version)}`}`;

/** The runs of those ids as far as one may see them, in two calls. @param {(string | undefined)[]} ids @returns {Promise<Map<string, Run>>} */
export async function runsOf(ids) {
  const wanted = [...new Set(ids)].filter((id) => id !== undefined && /^[\w-]+$/.test(id)).slice(0, 200);
  if (wanted.length === 0) return new Map();
  const { experiments = [] } = await change("experiments/search", { max_results: MOST, view_type: "ALL" });
  const { runs = [] } = await change("runs/search", {
    experiment_ids: experiments.map((/** @type {any} */ each) => each.experiment_id),
    filter: `attributes.run_id IN (${wanted.map((id) => `'${id}'`).join(", ")})`,
    max_results: wanted.length,
    run_view_type: "ALL",
  });
  return new Map(runs.map((/** @type {any} */ run) => [run.info.run_id, read(run)]));
}

/** All versions of a model, the newest first. @param {string} name @returns {Promise<Version[]>} */
export async function versionsOf(name) {
  const { model_versions: found = [] } = await mlflow("model-versions/search", {
    filter: `name LIKE '${pattern(name)}'`,
    order_by: ["version_number DESC"],
    max_results: MOST,
  });
  return found.filter((/** @type {Version} */ each) => each.name === name);
}

/** @param {any} run @returns {Run} */
function read(run) {
  const pairs = (/** @type {any[]} */ list) => new Map((list ?? []).map((each) => [each.key, each.value]));
  return {
    id: run.info.run_id,
    name: run.info.run_name,
    experiment: run.info.experiment_id,
    user: run.info.user_id ?? "",
    started: run.info.start_time,
    metrics: pairs(run.data.metrics),
    params: pairs(run.data.params),
    tags: pairs(run.data.tags),
    datasets: (run.inputs?.dataset_inputs ?? []).map((/** @type {any} */ each) => ({
      name: each.dataset.name,
      digest: each.dataset.digest,
      context: each.tags?.find((/** @type {any} */ tag) => tag.key === "mlflow.data.context")?.value ?? "",
    })),
  };
}
