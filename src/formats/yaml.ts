import { Composer, Document, isMap, isScalar, Lexer, LineCounter, type ParsedNode, Parser, Scalar, visit } from 'yaml';
import { FormatError, messageOf } from '../errors.ts';
import { isPrintable } from '../text/printable.ts';
import { quote } from '../text/quote.ts';
import { type YamlPart, yamlParts } from './yaml-parts.ts';

/** One document of a YAML stream, with the means to say on which line a value stands. Keeps the whole of it in memory. */
export interface YamlDocument {
  readonly value: unknown;
  /** The first line of the document's content, counted from 1. */
  readonly line: number;
  /** The line of the value at `path`, or of its nearest ancestor that exists. */
  lineOf(path: readonly (string | number)[]): number;
  /** The lines of the values in the mapping at `path`, by their keys; empty when there is no mapping. */
  linesOf(path: readonly (string | number)[]): Map<string, number>;
}

/** A place in a YAML text that cannot be read. */
export interface YamlProblem {
  readonly line: number;
  readonly reason: string;
}

/**
 * A token takes up to about 500 bytes while its document is read, and all of this happens where an allocation that fails
 * ends the whole process. An ordinary Service has about 100 tokens.
 */
const MAX_TOKENS_OF_DOCUMENT = 200_000;
/** Reading a million tokens takes seconds, in which nothing else happens on this thread. */
const MAX_TOKENS = 1_000_000;
const MAX_DOCUMENTS = 20_000;
/** Kubernetes objects nest about 20 deep. */
const MAX_DEPTH = 200;
/** Hostile YAML expands aliases without end, and each is searched for; Service manifests have no use for more than a few. */
const MAX_ALIASES = 20;
/** What all aliases of a document may stand for. */
const MAX_ALIAS_COUNT = 100;
/** In one stream: a person mends the first and asks again. */
const MAX_PROBLEMS = 100;

type ParsedDocument = Document.Parsed<ParsedNode>;

/**
 * Reads a stream of documents one by one. Empty documents are left out. A stream that would take too much to read ends
 * with a problem that says so.
 */
export function* readYaml(text: string): Generator<YamlDocument | YamlProblem> {
  let problems = 0;
  for (const read of readParts(text)) {
    yield read;
    if (!isYamlProblem(read)) continue;
    problems += 1;
    if (problems < MAX_PROBLEMS) continue;
    yield { line: read.line, reason: `${MAX_PROBLEMS} problems up to here: the rest is not read` };
    return;
  }
}

function* readParts(text: string): Generator<YamlDocument | YamlProblem> {
  const spent: Spent = { tokens: 0, documents: 0 };
  for (const part of yamlParts(text)) {
    const lines = new PartLines(part);
    let isCut = false;
    for (const item of parsed(part.text, lines, spent)) {
      if (item instanceof Document) yield* readDocument(item, lines);
      else {
        isCut = true;
        yield item;
      }
    }
    if (isCut) return;
  }
}

/** What was read of the stream until now. */
interface Spent {
  tokens: number;
  documents: number;
}

/** Lines of a part, counted in the whole text. */
class PartLines extends LineCounter {
  readonly #before: number;

  constructor({ line }: YamlPart) {
    super();
    this.#before = line - 1;
  }

  lineAt(offset: number): number {
    return this.#before + this.linePos(offset).line;
  }
}

export function isYamlProblem(item: YamlDocument | YamlProblem): item is YamlProblem {
  return 'reason' in item;
}

/** Reads a stream of documents as {@link readYaml} does, and keeps all of them. */
export function parseYamlDocuments(text: string): { documents: YamlDocument[]; problems: YamlProblem[] } {
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  for (const item of readYaml(text)) {
    if (isYamlProblem(item)) problems.push(item);
    else documents.push(item);
  }
  return { documents, problems };
}

/** The documents of a text, made while their parts are counted; a last problem when there are too many. */
function* parsed(text: string, lines: PartLines, spent: Spent): Generator<ParsedDocument | YamlProblem> {
  const parser = new Parser(lines.addNewLine);
  // The library compares each key of a mapping with all others: that is done below, in less time.
  const composer = new Composer<ParsedNode>({ prettyErrors: false, uniqueKeys: false });
  lines.addNewLine(0);
  let errors = 0;
  let tokensOfDocument = 0;
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    spent.tokens += 1;
    tokensOfDocument += 1;
    if (lexeme.startsWith('*')) aliases += 1;
    for (const token of parser.next(lexeme)) {
      yield* composer.next(token);
      if (token.type === 'error') errors += 1;
      if (token.type !== 'document') continue;
      spent.documents += 1;
      tokensOfDocument = aliases = 0;
    }
    // What is no YAML at all is an error for each of its characters, and an error takes more memory than a token.
    if (errors > MAX_PROBLEMS) break;
    const depth = parser.stack.length;
    const excess = excessOf({ ...spent, tokensOfDocument, aliases, depth });
    if (excess === undefined) continue;
    yield* composer.end();
    yield { line: lines.lineAt(parser.offset), reason: excess };
    return;
  }
  for (const token of parser.end()) {
    yield* composer.next(token);
    if (token.type === 'document') spent.documents += 1;
  }
  yield* composer.end();
}

interface Counts {
  readonly tokens: number;
  readonly documents: number;
  /** Of the document under way, as what follows. */
  readonly tokensOfDocument: number;
  readonly aliases: number;
  readonly depth: number;
}

function excessOf({ tokens, documents, tokensOfDocument, aliases, depth }: Counts): string | undefined {
  if (tokensOfDocument > MAX_TOKENS_OF_DOCUMENT) {
    return `this document has more than ${MAX_TOKENS_OF_DOCUMENT} tokens: write several documents with "---" between them`;
  }
  if (tokens > MAX_TOKENS) return `more than ${MAX_TOKENS} tokens up to here: write several files`;
  if (documents > MAX_DOCUMENTS) return `more than ${MAX_DOCUMENTS} documents up to here: write several files`;
  if (aliases > MAX_ALIASES) return `this document has more than ${MAX_ALIASES} aliases up to here`;
  return depth > MAX_DEPTH ? `more than ${MAX_DEPTH} levels deep` : undefined;
}

function* readDocument(document: ParsedDocument, lines: PartLines): Generator<YamlDocument | YamlProblem> {
  const lineAt = (offset: number): number => lines.lineAt(offset);
  for (const error of document.errors) yield { line: lineAt(error.pos[0]), reason: error.message };
  if (document.errors.length > 0 || document.contents === null) return;
  const line = lineAt(document.contents.range[0]);
  const duplicate = duplicateKey(document);
  if (duplicate !== undefined) {
    yield { line: lineAt(duplicate.range[0]), reason: `the key ${quote(String(duplicate.value))} appears twice` };
    return;
  }
  const lineOfNode = (node: unknown): number | undefined => (hasRange(node) ? lineAt(node.range[0]) : undefined);
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    if (value === null) return;
    yield {
      value,
      line,
      lineOf: path => {
        for (let length = path.length; length > 0; length -= 1) {
          const found = lineOfNode(document.getIn(path.slice(0, length), true));
          if (found !== undefined) return found;
        }
        return line;
      },
      linesOf: path => {
        const mapping = path.length === 0 ? document.contents : document.getIn(path, true);
        const pairs = isMap(mapping) ? mapping.items : [];
        return new Map(
          pairs.map(pair => [String(isScalar(pair.key) ? pair.key.value : pair.key), lineOfNode(pair.value) ?? line]),
        );
      },
    };
  } catch (error) {
    yield { line, reason: messageOf(error) };
  }
}

/** The first key that its mapping has had before. */
function duplicateKey(document: ParsedDocument): (Scalar & Ranged) | undefined {
  let duplicate: (Scalar & Ranged) | undefined;
  visit(document, {
    Map(_key, mapping) {
      const known = new Set<unknown>();
      for (const { key } of mapping.items) {
        if (!isScalar(key) || !hasRange(key)) continue;
        if (known.has(key.value)) duplicate ??= key;
        known.add(key.value);
      }
      return duplicate && visit.BREAK;
    },
  });
  return duplicate;
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

interface Ranged {
  range: [start: number, valueEnd: number, nodeEnd: number];
}

function hasRange<Node>(node: Node): node is Node & Ranged {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
