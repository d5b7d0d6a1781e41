// A filter taken apart into its conditions, to say which of them is the one too many.

const PIECE = /\s+|'[^']*'|"[^"]*"|`[^`]*`|<=|>=|!=|==|<>|[=<>~(),]|[^\s'"`<>=!~(),]+|./g;
const OPERATOR = /^(<=|>=|!=|==|<>|=|<|>|~|like|ilike)$/i;

/** The conditions of a filter, as they are written. @param {string} filter @returns {string[]} */
export function clauses(filter) {
  const pieces = (filter.match(PIECE) ?? []).filter((piece) => piece.trim() !== "");
  /** @type {string[]} */
  const found = [];
  for (let at = 0; at < pieces.length;) {
    const end = at + length(pieces, at);
    if (pieces[at]?.toLowerCase() !== "and") found.push(joined(pieces.slice(at, end)));
    at = end;
  }
  return found;
}

/** How many pieces the condition has that begins there. @param {string[]} pieces @param {number} at */
function length(pieces, at) {
  const word = (/** @type {number} */ by) => pieces[at + by]?.toLowerCase() ?? "";
  const key = word(0).endsWith(".") && word(1).startsWith("`") ? 2 : 1;
  if (word(0) === "since") return 2;
  if (OPERATOR.test(word(key))) return key + 2;
  if (word(key) === "is") return key + (word(key + 1) === "not" ? 3 : 2);
  const list = word(key) === "in" ? key : word(key) === "not" && word(key + 1) === "in" ? key + 1 : 0;
  if (list === 0) return 1;
  const closing = pieces.indexOf(")", at);
  return closing < 0 ? pieces.length - at : closing - at + 1;
}

/** @param {string[]} pieces */
const joined = (pieces) => pieces.join(" ").replaceAll(". `", ".`").replaceAll("( ", "(").replaceAll(" )", ")").replaceAll(" ,", ",");
