import { FormatError } from '../../../errors.ts';
import { type NginxDirective, parseNginxConfig } from '../../../formats/nginx-config.ts';
import { closest } from '../../../text/closest.ts';
import { quote } from '../../../text/quote.ts';
import { ANSWER_DIRECTIVES } from './answer-directives.ts';
import { AUTH_DIRECTIVES } from './auth-directives.ts';
import { HEADER_DIRECTIVES } from './header-directives.ts';
import { LIMIT_DIRECTIVES } from './limit-directives.ts';
import { IDLE_DIRECTIVES, INSTEAD, LUA } from './other-directives.ts';
import { type DirectiveReader, SnippetEffect, type SnippetPlace } from './snippet-effect.ts';

const READERS: ReadonlyMap<string, DirectiveReader> = new Map(
  Object.entries({ ...HEADER_DIRECTIVES, ...ANSWER_DIRECTIVES, ...LIMIT_DIRECTIVES, ...AUTH_DIRECTIVES }),
);

/** Names of all directives that are read, in the order of the alphabet. */
export const READ_DIRECTIVES: readonly string[] = [...READERS.keys()].sort();

/** Faults that a message names. */
const MOST_FAULTS = 4;
/** Lines that it names of each. */
const MOST_LINES = 6;
/** They make a variable of their first word. */
const MAKE_VARIABLES: ReadonlySet<string> = new Set(['set', 'auth_request_set']);

/**
 * Reads a snippet of nginx's configuration. None of it is run: directives that say what a policy can say become that policy.
 * @throws FormatError naming all lines that cannot be read, and what to write instead of each
 */
export function readSnippet(text: string, where: SnippetPlace): SnippetEffect {
  const effect = new SnippetEffect();
  const faults = new Map<string, number[]>();
  const missing = new Set<string>();
  for (const directive of parse(text)) {
    try {
      readDirective(directive, effect, where);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const { name, words, line } = directive;
      // It follows from an earlier fault.
      if (words.some(word => missing.has(word.text))) continue;
      if (MAKE_VARIABLES.has(name)) missing.add(words[0]?.text ?? '');
      const lines = faults.get(error.message);
      if (lines === undefined) faults.set(error.message, [line]);
      else lines.push(line);
    }
  }
  if (faults.size > 0) throw new FormatError(faultsText(faults));
  return effect;
}

function faultsText(faults: ReadonlyMap<string, readonly number[]>): string {
  const all = [...faults].map(([message, lines]) => `${linesText(lines)}: ${message}`);
  const hidden = all.length - MOST_FAULTS;
  return all.slice(0, MOST_FAULTS).join('; ') + (hidden > 0 ? `; and ${hidden} more` : '');
}

function linesText(lines: readonly number[]): string {
  const shown = lines.slice(0, MOST_LINES).join(', ');
  const hidden = lines.length - MOST_LINES;
  return `${lines.length === 1 ? 'line' : 'lines'} ${shown}${hidden > 0 ? ` and ${hidden} more` : ''}`;
}

/** What stands in a block of Lua is no configuration, so that the fault which is found in it would lead nowhere. */
function parse(text: string): readonly NginxDirective[] {
  try {
    return parseNginxConfig(text);
  } catch (error) {
    const code = /\b\w+_by_lua(?:_block)?\b/.exec(text);
    if (!(error instanceof FormatError) || code === null) throw error;
    const line = text.slice(0, code.index).split('\n').length;
    throw new FormatError(`line ${line}: ${quote(code[0])} runs code, which nothing here does`);
  }
}

function readDirective(directive: NginxDirective, effect: SnippetEffect, where: SnippetPlace): void {
  const { name } = directive;
  const reader = READERS.get(name);
  if (reader !== undefined) {
    reader(directive, effect, where);
    effect.done.add(name);
    return;
  }
  if (IDLE_DIRECTIVES.has(name)) {
    effect.remarks.add(`${name} needs nothing done here`);
    return;
  }
  if (LUA.test(name)) throw new FormatError(`${quote(name)} runs code, which nothing here does`);
  const instead = INSTEAD.get(name);
  if (instead !== undefined) throw new FormatError(`${quote(name)} cannot be done here: write ${instead}`);
  const near = closest(name, READ_DIRECTIVES);
  throw new FormatError(
    `${quote(name)} is no directive that can be done here${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}
