// A run as the server tells it, with what is left out put in.
import { lasting } from "../../lib/format.js";

/** @typedef {{ key: string, value: number | string, step: number, time: number }} Metric */
/** @typedef {{ id: string, name: string, status: string, user?: string, start_time?: number, end_time?: number, verdict?: string }} Kin */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} name
 * @property {string} experiment
 * @property {string} experiment_name
 * @property {string} status
 * @property {string} lifecycle
 * @property {string} user
 * @property {string} artifact_uri
 * @property {boolean} artifacts_served
 * @property {boolean} hasFiles
 * @property {boolean} [stoppable] it was started by this server, and goes on
 * @property {number} [start_time]
 * @property {number} [end_time]
 * @property {Record<string, string>} params
 * @property {Record<string, string>} tags
 * @property {any[]} note
 * @property {Metric[]} metrics
 * @property {{ name: string, digest: string, source?: string, context?: string }[]} data
 * @property {{ path: string, size: number }[]} documents
 * @property {number} [files]
 * @property {any} [plan]
 * @property {any} [record]
 * @property {string} last_error
 * @property {Kin} [parent]
 * @property {Kin} [reproduces]
 * @property {Kin} [previous]
 * @property {Record<string, string>} previous_params
 * @property {Kin[]} children
 * @property {Kin[]} reproductions
 */

const ENDED = new Set(["FINISHED", "FAILED", "KILLED", "LOST"]);

/** How long it has taken by now. @param {Run} run */
export const lastingOf = (run) => (run.start_time ? lasting((run.end_time ?? Date.now()) - run.start_time) : "");

/** @param {{ status: string }} run */
export const hasEnded = (run) => ENDED.has(run.status);

/** @param {any} told @returns {Run} */
export function taken(told) {
  return {
    experiment_name: "", user: "", params: {}, tags: {}, note: [], metrics: [], data: [], documents: [], last_error: "",
    previous_params: {}, children: [], reproductions: [], hasFiles: false, ...told,
  };
}

/** @type {Record<string, string>} */
const WORDS = { PENDING: "waiting", QUEUED: "queued", PREPARING: "preparing", RUNNING: "running", FINISHED: "finished", FAILED: "failed", KILLED: "stopped", LOST: "lost" };

/** @param {string} status */
export const word = (status) => WORDS[status] ?? status.toLowerCase();

/** @param {string} status a class */
export const mood = (status) => (status === "FINISHED" ? "good" : status === "FAILED" || status === "LOST" ? "bad" : status === "KILLED" ? "warn" : "going");

/** A value of a metric as a number: texts stand for those that JSON has not. @param {number | string} value */
export const numeric = (value) => (typeof value === "number" ? value : value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : NaN);

/** A JSON object of strangers. @param {any} value @returns {Record<string, any>} */
export const table = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});

/** @param {any} value @returns {any[]} */
export const list = (value) => (Array.isArray(value) ? value : []);
