// What the pages of models have in common: where they are, and what the server tells of models and versions.
import { own } from "../../lib/api.js";

/** @typedef {{ id: string, name: string }} Made */
/** @typedef {{ alias: string, version: number }} Alias */
/** @typedef {{ version: number, created: number, who: string, stage: string, about: string, aliases: string[], run?: Made, run_id: string, metrics: Record<string, number | string> }} Row */
/** @typedef {{ alias: string, why?: string, who?: string, time?: number, from?: number, to?: number }} Move */
/**
 * @typedef {{ name: string, created: number, changed: number, description: string, nodes: any[], tags: Record<string, string>, aliases: Alias[],
 *   versions: Row[], more?: boolean, metrics: string[], decides: string, moves: Move[] }} Model
 */
/** @typedef {{ name: string, type: string, shape?: number[], optional?: boolean, default?: any, fields?: Spec[] }} Spec */
/** @typedef {{ inputs?: Spec[], outputs?: Spec[], params?: Spec[], more?: boolean, trouble?: string }} Signature */
/** @typedef {{ name: string, version?: string, values?: Record<string, string> }} Flavor */
/** @typedef {{ flavors?: Flavor[], signature?: Signature, loader?: string, mlflow?: string, written?: string, uuid?: string, size?: number, metadata?: any }} MLmodel */
/** @typedef {{ path: string, table?: { columns: { name: string, numeric?: boolean }[], rows: any[][], total: number, partial?: boolean }, value?: any, params?: any, serving?: string, trouble?: string }} Example */
/**
 * @typedef {{ id: string, name: string, experiment: string, experiment_name?: string, status: string, who?: string, started?: number, commit?: string,
 *   dirty?: boolean, environment?: string, lock?: string, data?: { name: string, digest: string, source?: string, context?: string }[],
 *   metrics?: { key: string, value: number | string }[] }} MadeBy
 */
/** @typedef {{ id: string, name: string, status: string, type?: string, params?: Record<string, string>, registered?: { name: string, version: number }[], measured?: Made[] }} Logged */
/**
 * @typedef {{ name: string, version: number, created: number, changed: number, source: string, stage: string, who?: string, description: string, nodes: any[],
 *   tags: Record<string, string>, aliases: string[], run?: MadeBy, logged?: Logged, mlmodel?: MLmodel, example?: Example, card: any[], card_path?: string,
 *   licence?: string, python?: string, requirements: string[], requirements_path?: string, files: { path: string, size: number }[], more?: boolean,
 *   run_path?: string, unknown: string[] }} Version
 */

/** @param {string} name @param {number | string} [version] */
export const modelUrl = (name, version) =>
  `/models/${encodeURIComponent(name)}${version === undefined ? "" : `/${encodeURIComponent(version)}`}`;

/** What changed between the first of these runs and the others. @param {string[]} runs ids */
export const changedUrl = (runs) => `/compare?runs=${runs.join(",")}`;

/** A model with its versions, what is left out put in. @param {string} name @returns {Promise<Model>} */
export async function lookAtModel(name) {
  const told = await own("/models/look", { name });
  const versions = (told.versions ?? []).map(row);
  return { description: "", nodes: [], tags: {}, aliases: [], metrics: [], decides: "", moves: [], ...told, versions };
}

/** A version, what is left out put in. @param {string} name @param {string} version @returns {Promise<Version>} */
export async function lookAtVersion(name, version) {
  const told = await own("/models/versions/look", { name, version });
  return { description: "", nodes: [], tags: {}, aliases: [], card: [], requirements: [], files: [], unknown: [], ...told };
}

/** @param {any} told @returns {Row} */
export const row = (told) => ({ who: "", stage: "", about: "", aliases: [], run_id: "", metrics: {}, ...told });

/** A value of a metric as a number: texts stand for those that JSON has not. @param {number | string | undefined} value */
export const numeric = (value) => (value === undefined || typeof value === "number" ? value : value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : NaN);
