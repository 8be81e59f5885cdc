/** Directives that change header lines: those of nginx, and those of the module headers-more. */
import { FormatError } from '../../../errors.ts';
import { isToken } from '../../../formats/http/token.ts';
import type { NginxDirective } from '../../../formats/nginx-config.ts';
import type { HeaderEdit } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import { headerText } from '../header-text.ts';
import { parseVariableText } from '../nginx-variables.ts';
import { addsCookiesOfAuth, setsFromAuth } from './auth-directives.ts';
import { type DirectiveReader, wordsOf } from './snippet-effect.ts';

/** Responses that nginx adds headers to without `always`, and `expires`, too. */
export const GOOD_STATUSES: readonly number[] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/** Names that say how one connection carries a message: what is done with them, this program decides. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'te',
  'transfer-encoding',
  'content-length',
]);

export const HEADER_DIRECTIVES: Readonly<Record<string, DirectiveReader>> = {
  add_header(directive, into) {
    const { responseEdits } = into;
    const [name = '', value = '', always] = wordsOf(directive, 2, 3);
    if (always !== undefined && always !== 'always') throw new FormatError(`${quote(always)} cannot stand there`);
    if (value === '' || addsCookiesOfAuth(into, name, value)) return;
    const edit = headerText('add', name, value);
    responseEdits.push(always === undefined ? { ...edit, statuses: GOOD_STATUSES } : edit);
  },
  proxy_hide_header(directive, { responseEdits }) {
    const [name = ''] = wordsOf(directive, 1);
    responseEdits.push(headerText('remove', name, ''));
  },
  proxy_set_header(directive, into) {
    const [name = '', value = ''] = wordsOf(directive, 2);
    const lower = name.toLowerCase();
    if (lower === 'host') {
      into.upstreamHost = parseVariableText(value, 'proxy_set_header Host');
    } else if (OF_CONNECTIONS.has(lower)) {
      into.remarks.add(`${name} is this program's to say: upgrades work without it`);
    } else if (!setsFromAuth(into, name, value)) {
      into.requestEdits.push(value === '' ? headerText('remove', name, '') : headerText('set', name, value, 'host'));
    }
  },
  more_set_headers(directive, { responseEdits, remarks }) {
    const { words, statuses } = options(directive);
    responseEdits.push(...edits(words, statuses, remarks));
  },
  more_clear_headers(directive, { responseEdits }) {
    const { words, statuses } = options(directive);
    responseEdits.push(...words.flatMap(word => word.trim().split(/\s+/)).map(name => cleared(name, statuses)));
  },
  more_set_input_headers(directive, { requestEdits, remarks }) {
    const { words } = options(directive, false);
    requestEdits.push(...edits(words, undefined, remarks, 'host'));
  },
  more_clear_input_headers(directive, { requestEdits }) {
    const { words } = options(directive, false);
    requestEdits.push(...words.flatMap(word => word.trim().split(/\s+/)).map(name => cleared(name, undefined)));
  },
};

/** `-s '404 500'` stands for the statuses that are meant. */
function options(
  directive: NginxDirective,
  takesStatuses = true,
): { readonly words: readonly string[]; readonly statuses: readonly number[] | undefined } {
  const all = wordsOf(directive, 1, 50);
  const words: string[] = [];
  const statuses: number[] = [];
  for (let index = 0; index < all.length; index += 1) {
    const word = all[index] as string;
    if (!word.startsWith('-')) {
      words.push(word);
    } else if (word === '-s' && takesStatuses) {
      index += 1;
      statuses.push(...(all[index] ?? '').split(/[\s,]+/).map(parseStatus));
    } else {
      throw new FormatError(`the option ${quote(word)} is not supported`);
    }
  }
  if (words.length === 0) throw new FormatError(`${directive.name} names no header`);
  return { words, statuses: statuses.length === 0 ? undefined : statuses };
}

function parseStatus(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new FormatError(`${quote(text)} is no status`);
  return Number(text);
}

/** `NAME: VALUE`; without a value, the lines of the name go. */
function edits(
  words: readonly string[],
  statuses: readonly number[] | undefined,
  remarks: Set<string>,
  refused = '',
): HeaderEdit[] {
  return words.flatMap(word => {
    const [, name = word, text = ''] = /^([^:]*):(.*)$/s.exec(word) ?? [];
    if (!isToken(name.trim())) {
      remarks.add(`${quote(word)} names no header, and does nothing in nginx either`);
      return [];
    }
    const value = text.trim();
    const edit = value === '' ? headerText('remove', name.trim(), '') : headerText('set', name.trim(), value, refused);
    return [statuses === undefined ? edit : { ...edit, statuses }];
  });
}

function cleared(name: string, statuses: readonly number[] | undefined): HeaderEdit {
  if (name.includes('*')) throw new FormatError(`${quote(name)} stands for several names: write each of them`);
  const edit = headerText('remove', name.replace(/:$/, ''), '');
  return statuses === undefined ? edit : { ...edit, statuses };
}
