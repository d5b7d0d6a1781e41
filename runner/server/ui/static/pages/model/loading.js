// How a model is loaded, and asked over HTTP: to be copied.
import { copy, quoted } from "../../lib/command.js";
import { h } from "../../lib/dom.js";

/** @typedef {import("./versions.js").Version} Version */

// Flavours whose module in MLflow has a load_model of its own.
const LOADERS = new Set(["catboost", "diviner", "fastai", "h2o", "johnsnowlabs", "keras", "langchain", "lightgbm", "mleap", "onnx", "paddle", "pmdarima",
  "prophet", "pytorch", "sentence_transformers", "sklearn", "spacy", "spark", "statsmodels", "tensorflow", "transformers", "xgboost"]);
const PORT = 5001;

/** @param {Version} version */
export function loading(version) {
  const uri = `models:/${version.name}/${version.version}`, flavors = (version.mlmodel?.flavors ?? []).map(({ name }) => name);
  const isServed = flavors.includes("python_function");
  const own = flavors.filter((name) => LOADERS.has(name));
  return h("section", { class: "card" }, h("h2", null, "Load it"),
    (isServed || !version.mlmodel) && snippet("Python, whatever it is made with", python("pyfunc", uri, version)),
    own.map((name) => snippet(`Python, as ${name} has it`, python(name, uri))),
    snippet("Its files", `MLFLOW_TRACKING_URI=${location.origin} mlflow artifacts download --artifact-uri ${quoted(uri)}`),
    isServed && [
      snippet("Serve it", `MLFLOW_TRACKING_URI=${location.origin} mlflow models serve -m ${quoted(uri)} --port ${PORT}`),
      snippet("Ask it", `curl http://127.0.0.1:${PORT}/invocations -H 'Content-Type: application/json' -d ${quoted(body(version))}`),
    ]);
}

/** @param {string} flavor @param {string} uri @param {Version} [version] whose params are said */
function python(flavor, uri, version) {
  const params = (version?.mlmodel?.signature?.params ?? []).filter(({ name }) => /^[\w ./-]{1,80}$/.test(name)).slice(0, 5);
  const given = params.length > 0 ? `, params={${params.map(({ name, default: value }) => `${JSON.stringify(name)}: ${literal(value)}`).join(", ")}}` : "";
  return [
    "import mlflow", "",
    `mlflow.set_tracking_uri(${JSON.stringify(location.origin)})`,
    `model = mlflow.${flavor}.load_model(${JSON.stringify(uri)})`,
    ...(version ? [`model.predict(data${given})`] : []),
  ].join("\n");
}

/** A plain value as Python writes it. @param {any} value */
const literal = (value) => (value === null || value === undefined ? "None" : value === true ? "True" : value === false ? "False" : JSON.stringify(value));

/** What is sent: the sample, or what fits the first columns of the signature. @param {Version} version */
function body({ example, mlmodel }) {
  if (example?.serving) return example.serving;
  const inputs = mlmodel?.signature?.inputs ?? [];
  const columns = inputs.map(({ name }) => name);
  return columns.length > 0 && columns.every(Boolean) && !inputs[0]?.shape ? JSON.stringify({ dataframe_split: { columns, data: [columns.map(() => null)] } }) : JSON.stringify({ inputs: [] });
}

/** @param {string} title @param {string} text */
export function snippet(title, text) {
  return h("div", { class: "snippet" }, h("div", { class: "card-head" }, h("h3", null, title), h("button", { class: "plain", "aria-label": `Copy: ${title}`, onclick: () => void copy(text) }, "Copy")),
    h("pre", { tabindex: 0 }, h("code", null, text)));
}
