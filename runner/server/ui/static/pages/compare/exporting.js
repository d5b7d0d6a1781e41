// A table as text for other programs.

/** @param {string[][]} rows the first is the head */
export function markdown(rows) {
  const cell = (/** @type {string} */ text) => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (/** @type {string[]} */ row) => `| ${row.map(cell).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${head.map((_, at) => (at === 0 ? "---|" : "--:|")).join("")}`, ...body.map(line), ""].join("\n");
}

/** @type {Record<string, string>} */
const NAMED = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };

/** @param {string[][]} rows the first is the head */
export function latex(rows) {
  const cell = (/** @type {string} */ text) => text.replaceAll(/[\\~^]|[&%$#_{}]/g, (each) => NAMED[each] ?? `\\${each}`).replaceAll("\n", " ");
  const line = (/** @type {string[]} */ row) => `  ${row.map(cell).join(" & ")} \\\\`;
  const [head = [], ...body] = rows;
  return [`\\begin{tabular}{l${"r".repeat(Math.max(0, head.length - 1))}}`, "  \\toprule", line(head), "  \\midrule", ...body.map(line), "  \\bottomrule", "\\end{tabular}", ""].join("\n");
}
