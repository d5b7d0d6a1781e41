// The same list by other means.
import { quoted } from "../../lib/command.js";
import { asked, askedOrder } from "./data.js";
import { filterOf } from "./view.js";

/**
 * The filter of the command is MLflow's, and knows less than ours: there is one only without a filter.
 *
 * @param {import("./view.js").View} view @param {string[]} columns
 * @returns {import("../../lib/command.js").Ways}
 */
export function ways(view, columns) {
  const filter = filterOf(view), sort = view.sort.map(askedOrder);
  const query = [
    ["q", filter], ["lifecycle", view.archived ? "deleted" : ""], ...view.exp.map((id) => ["experiment", id]),
    ...sort.map((each) => ["sort", each]), ...columns.map((each) => ["columns", asked(each)]),
  ];
  const url = `${location.origin}/api/runner/1/runs/table?${new URLSearchParams(query.filter(([, value]) => value !== ""))}`;
  const command = ["runner runs list", ...sort.map((each) => `--sort ${quoted(each)}`), ...view.exp.map((id) => `--experiment ${id}`), ...(view.archived ? ["--deleted"] : [])];
  return {
    ...(filter === "" ? { command: command.join(" ") } : {}),
    python: `import json, urllib.request\n\njson.load(urllib.request.urlopen(${JSON.stringify(url)}))`,
    curl: `curl ${quoted(url)}`,
  };
}
