import type { SyntaxNode } from "@lezer/common";
import { parser } from "@lezer/yaml";

/**
 * Reads YAML for drawing what is being edited: mappings, sequences, flow collections, literals and text. The server
 * reads definitions for running them; here, what is not understood is left out.
 */
export function readYaml(text: string): unknown {
  const document = parser.parse(text).topNode.getChild("Document");
  const body = document?.firstChild;
  return body ? valueAt(body, text) : undefined;
}

const VALUES = new Set([
  "BlockMapping",
  "FlowMapping",
  "BlockSequence",
  "FlowSequence",
  "Literal",
  "QuotedLiteral",
  "BlockLiteral",
  "Tagged",
]);

function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) all.push(child);
  return all;
}

function valueAt(node: SyntaxNode, text: string): unknown {
  const written = text.slice(node.from, node.to);
  switch (node.name) {
    case "BlockMapping":
    case "FlowMapping":
      return Object.fromEntries(node.getChildren("Pair").flatMap((pair) => entryOf(pair, text)));
    case "BlockSequence":
    case "FlowSequence":
      return node.getChildren("Item").map((item) => inner(item, text));
    case "Literal":
      return plainValue(written);
    case "QuotedLiteral":
      return unquoted(written);
    case "BlockLiteral":
      return blockText(written);
    default:
      return inner(node, text);
  }
}

function inner(node: SyntaxNode, text: string): unknown {
  const value = children(node).find(({ name }) => VALUES.has(name));
  return value ? valueAt(value, text) : null;
}

function entryOf(pair: SyntaxNode, text: string): [string, unknown][] {
  const key = pair.getChild("Key");
  return key ? [[String(inner(key, text)), inner(pair, text)]] : [];
}

function plainValue(written: string): unknown {
  if (written === "true" || written === "false") return written === "true";
  if (written === "null" || written === "~") return null;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(written)) return Number(written);
  return written.replaceAll(/\s*\n\s*/g, " ");
}

function unquoted(written: string): string {
  if (written.startsWith("'")) return written.slice(1, -1).replaceAll("''", "'");
  try {
    return String(JSON.parse(written));
  } catch {
    return written.slice(1, -1);
  }
}

function blockText(written: string): string {
  const [header = "", ...lines] = written.split("\n");
  const indent = Math.min(...lines.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join(header.startsWith(">") ? " " : "\n");
}
