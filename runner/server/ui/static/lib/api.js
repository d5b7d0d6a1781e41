// The public API, as every client has it. MLflow's calls are below `mlflow`, ours below `own`.

/** What the server refused, or that it could not be asked (`status` 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {any} [detail] */
  constructor(status, code, message, detail) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** @typedef {Record<string, string | number | boolean | null | undefined | string[]>} Query */

/**
 * Get from our own API: `own("/runs/table", { q: "lr < 0.1" })`.
 *
 * @param {string} path below /api/runner/1
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const own = (path, query, signal) => asked("GET", `/api/runner/1${path}${search(query)}`, undefined, signal);

/**
 * Send to our own API.
 *
 * @param {string} path below /api/runner/1
 * @param {any} body
 * @param {string} [method]
 * @returns {Promise<any>}
 */
export const send = (path, body, method = "POST") => asked(method, `/api/runner/1${path}`, body);

/**
 * One of MLflow's calls that read: `mlflow("runs/get", { run_id })`.
 *
 * @param {string} call
 * @param {Query} [query]
 * @returns {Promise<any>}
 */
export const mlflow = (call, query) => asked("GET", `/api/2.0/mlflow/${call}${search(query)}`);

/**
 * One of MLflow's calls that take a body: `change("runs/set-tag", {...})`, also `runs/search`.
 *
 * @param {string} call
 * @param {any} body
 * @param {string} [method]
 * @returns {Promise<any>}
 */
export const change = (call, body, method = "POST") => asked(method, `/api/2.0/mlflow/${call}`, body);

/** A text inside the quotes of a LIKE: what cannot be there stands for any one sign. @param {string} text */
export const pattern = (text) => text.replaceAll("'", "_").replaceAll("\\", "_");

/**
 * Where an artifact of a run is served to browsers.
 *
 * @param {string} run id
 * @param {string} path
 */
export const artifactUrl = (run, path) =>
  `/api/runner/1/runs/${encodeURIComponent(run)}/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`;

/**
 * @param {string} method
 * @param {string} url
 * @param {any} [body]
 * @param {AbortSignal} [signal]
 */
async function asked(method, url, body, signal) {
  /** @type {Response} */
  let answer;
  let text = "";
  try {
    answer = await fetch(url, {
      method,
      signal,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await answer.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server does not answer.");
  }
  if (answer.status === 401) location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
  if (answer.ok) return text === "" ? {} : JSON.parse(text);
  throw refusal(answer.status, text);
}

/** @param {number} status @param {string} text */
function refusal(status, text) {
  try {
    const told = JSON.parse(text);
    return new ApiError(status, told.error_code, told.message, told);
  } catch {
    return new ApiError(status, "INTERNAL_ERROR", text.slice(0, 500) || `The server answered ${status}.`);
  }
}

/** @param {Query} [query] */
function search(query) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === "") continue;
    for (const each of Array.isArray(value) ? value : [String(value)]) found.append(name, each);
  }
  const text = found.toString();
  return text && `?${text}`;
}
