/** Takes a dump of kubectl apart, whose one document is a List of many objects: each is read alone, as a document of its own is. */

/** A piece of a text that is read as a stream of documents. */
export interface YamlPart {
  readonly text: string;
  /** Of its first line in the whole, counted from 1. */
  readonly line: number;
}

/** What stands beside the items of a List, with what is below it. */
const LIST_LINE = /^(?:---.*|apiVersion: v1|kind: List|metadata:.*|\s.*|#.*)?\s*$/;

/**
 * The items of each List that is written as kubectl writes it: in block style, with `items:` and its dashes at the left. Everything else is
 * one part with what stands around it.
 */
export function yamlParts(text: string): YamlPart[] {
  // Directives and ends of documents belong to what comes after them.
  const isDump = /^items:\s*$/m.test(text) && /^kind: List\s*$/m.test(text) && !/^(?:%|\.\.\.)/m.test(text);
  return isDump ? yamlDocuments(text).flatMap(part => itemsOf(part) ?? [part]) : [{ text, line: 1 }];
}

/** The documents of a stream: at the left, three hyphens begin one wherever they stand. */
export function yamlDocuments(text: string): YamlPart[] {
  const parts: YamlPart[] = [];
  let line = 1;
  for (const piece of text.split(/^(?=---(?:\s|$))/m)) {
    parts.push({ text: piece, line });
    line += piece.split('\n').length - 1;
  }
  return parts;
}

/** @returns undefined for what is no List, or is written otherwise */
function itemsOf({ text, line }: YamlPart): YamlPart[] | undefined {
  const lines = text.split('\n');
  const start = lines.findIndex(one => /^items:\s*$/.test(one)) + 1;
  const [, indent] = /^( *)- /.exec(lines[start] ?? '') ?? [];
  if (start === 0 || indent === undefined) return undefined;
  const items: { readonly lines: string[]; readonly line: number }[] = [];
  let end = start;
  for (; end < lines.length; end += 1) {
    const one = lines[end] as string;
    // A document may be indented as a whole: a blank takes the place of the dash, and columns stay what they are.
    if (one.startsWith(`${indent}- `))
      items.push({ lines: [`${indent}  ${one.slice(indent.length + 2)}`], line: line + end });
    else if (one.startsWith(`${indent}  `) || /^\s*(?:#.*)?$/.test(one)) items.at(-1)?.lines.push(one);
    else break;
  }
  const around = [...lines.slice(0, start - 1), ...lines.slice(end)];
  const isList = around.some(one => /^kind: List\s*$/.test(one)) && around.every(one => LIST_LINE.test(one));
  return isList ? items.map(item => ({ text: item.lines.join('\n'), line: item.line })) : undefined;
}
