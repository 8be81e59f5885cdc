import { Document, LineCounter, parseAllDocuments, Scalar, visit } from 'yaml';
import { FormatError, messageOf } from '../errors.ts';
import { isPrintable } from './printable.ts';
import { quote } from './quote.ts';

/** One document of a YAML stream, with the means to say on which line a value stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** The first line of the document's content, counted from 1. */
  readonly line: number;
  /** The line of the value at `path`, or of its nearest ancestor that exists. */
  lineOf(path: readonly (string | number)[]): number;
}

/** A place in a YAML text that cannot be read. */
export interface YamlProblem {
  readonly line: number;
  readonly reason: string;
}

/** Hostile YAML expands aliases without end; Service manifests have no use for more than a few. */
const MAX_ALIASES = 100;

/** Reads a stream of documents. Empty documents are left out; every problem of the stream is returned. */
export function parseYamlDocuments(text: string): { documents: YamlDocument[]; problems: YamlProblem[] } {
  const lines = new LineCounter();
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    if (!('contents' in document)) continue;
    for (const error of document.errors) {
      const isDuplicate = error.code === 'DUPLICATE_KEY';
      const reason = isDuplicate ? `the key ${quote(text.slice(...error.pos))} appears twice` : error.message;
      problems.push({ line: lines.linePos(error.pos[0]).line, reason });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const line = lines.linePos(document.contents.range?.[0] ?? 0).line;
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value === null) continue;
      documents.push({
        value,
        line,
        lineOf: path => {
          for (let length = path.length; length > 0; length -= 1) {
            const node = document.getIn(path.slice(0, length), true);
            if (hasRange(node)) return lines.linePos(node.range[0]).line;
          }
          return line;
        },
      });
    } catch (error) {
      problems.push({ line, reason: messageOf(error) });
    }
  }
  return { documents, problems };
}

/** Reads a single document; null when it is empty. @throws FormatError with the line and the reason of the first problem */
export function parseYaml(text: string): unknown {
  const { documents, problems } = parseYamlDocuments(text);
  const [first, second] = documents;
  const problem =
    problems[0] ?? (second && { line: second.line, reason: 'a second document begins; one was expected' });
  if (problem !== undefined) throw new FormatError(`line ${problem.line}: ${problem.reason}`);
  return first?.value ?? null;
}

/** Writes a document that reads back the same, and that holds nothing a terminal would obey. */
export function formatYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      // Only between double quotes are there escapes.
      if (typeof node.value === 'string' && !isPrintable(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, yamlEscape);
}

/** The library itself escapes C0 and surrogates only. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** `\u009b`, or `\U000e0001` beyond the first plane (YAML 1.2.2 section 5.7). */
function yamlEscape(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
