import { FormatError } from '../../errors.ts';
import { isToken } from '../../formats/http/token.ts';
import type { HeaderEdit, HeadersPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy } from './policy-definition.ts';

const MOST_EDITS = 64;
const LONGEST_VALUE = 4_096;

/** RFC 9110 section 5.5, without bytes beyond ASCII, which no two programs read alike. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
const EDIT = /^(?:(set|add)\s+([^\s:]+)\s*:\s*(.*)|remove\s+([^\s:]+))$/s;

/** What frames a message, or belongs to one connection (RFC 9110 section 7.6.1): each side of a proxy has its own. */
export const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'expect',
]);

const EDITS_GRAMMAR = '"set NAME: VALUE", "add NAME: VALUE" or "remove NAME", one in each line';

export const REQUEST_HEADERS = definePolicy<HeadersPolicy>({
  rows: [
    {
      name: 'request-headers',
      nginx: [],
      value: EDITS_GRAMMAR,
      help: 'Changes the headers that the Service gets: set replaces all lines of a name, add puts one more behind them.',
      example: 'set X-Tenant: blue\nremove Cookie',
    },
  ],
  read(values) {
    const edits = values.read('request-headers', text => parseEdits(text, 'host'));
    return edits && { kind: 'request-headers', edits };
  },
  explain: ({ edits }) => describe(edits),
});

export const RESPONSE_HEADERS = definePolicy<HeadersPolicy>({
  rows: [
    {
      name: 'response-headers',
      nginx: ['custom-headers'],
      value: EDITS_GRAMMAR,
      help: 'Changes the headers that clients get, those of errors too.',
      example: 'set X-Frame-Options: DENY\nremove X-Powered-By',
    },
  ],
  read(values) {
    const edits = values.read('response-headers', text => parseEdits(text));
    return edits && { kind: 'response-headers', edits };
  },
  explain: ({ edits }) => describe(edits),
});

/** @param refused a further name, in lower case, that must not be changed @throws FormatError naming the line */
function parseEdits(text: string, refused = ''): readonly HeaderEdit[] {
  const lines = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
  if (lines.length === 0) throw new FormatError(`holds no change: write ${EDITS_GRAMMAR}`);
  if (lines.length > MOST_EDITS) throw new FormatError(`${lines.length} changes are more than ${MOST_EDITS}`);
  return lines.map(line => parseEdit(line, refused));
}

function parseEdit(line: string, refused: string): HeaderEdit {
  const [, op, named = '', value = '', removed = ''] = EDIT.exec(line) ?? [];
  const name = named || removed;
  if (name === '') throw new FormatError(`${quote(line)} is no change: write ${EDITS_GRAMMAR}`);
  return headerEdit(removed === '' ? (op === 'add' ? 'add' : 'set') : 'remove', name, value, refused);
}

/** @param refused as in {@link parseEdits} @throws FormatError for what a message cannot carry, or must not be given */
export function headerEdit(op: HeaderEdit['op'], name: string, value: string, refused = ''): HeaderEdit {
  if (!isToken(name)) throw new FormatError(`${quote(name)} is no name of a header`);
  const lower = name.toLowerCase();
  if (FRAMING.has(lower)) {
    throw new FormatError(`${name} cannot be changed: it says how one connection carries the message`);
  }
  if (lower === refused) throw new FormatError(`${name} cannot be changed here: the setting upstream-host chooses it`);
  if (op === 'remove') return { op, name, value: '' };
  if (value.length > LONGEST_VALUE) throw new FormatError(`the value of ${name} is longer than ${LONGEST_VALUE} bytes`);
  if (value !== '' && !VALUE.test(value)) {
    throw new FormatError(`the value of ${name} holds a character that headers cannot carry: ${quote(value)}`);
  }
  return { op, name, value };
}

function describe(edits: readonly HeaderEdit[]): string {
  const changes = edits.map(({ op, name, value }) =>
    op === 'remove' ? `removes ${name}` : `${op}s ${name}: ${value}`,
  );
  return changes.join(', ');
}
