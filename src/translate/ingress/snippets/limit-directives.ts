/** Directives that say how much, how long, from where, and what is done to the answers of Services. */
import { FormatError } from '../../../errors.ts';
import { AddressRanges } from '../../../formats/address-ranges.ts';
import type { ValueEdit } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { quote } from '../../../text/quote.ts';
import { GOOD_STATUSES } from './header-directives.ts';
import { type DirectiveReader, wordsOf } from './snippet-effect.ts';

const UNITS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1_000, '': 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 },
  ...{ M: 2_592_000_000, y: 31_536_000_000 },
};
const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 };
/** Node's timers take no longer ones. */
const LONGEST_MS = 2 ** 31 - 1;
const LONGEST_VALUE = 2_048;
/** What nginx says for `expires max`. */
const TEN_YEARS = 315_360_000;

export const LIMIT_DIRECTIVES: Readonly<Record<string, DirectiveReader>> = {
  client_max_body_size(directive, into) {
    const [text = ''] = wordsOf(directive, 1);
    const [, digits = '', unit = ''] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
    if (digits === '') throw new FormatError(`${quote(text)} is no size: write 10m`);
    into.overrides = { ...into.overrides, maxBodySize: Number(digits) * (SIZES[unit.toLowerCase()] as number) };
  },
  proxy_connect_timeout: timeout('connectTimeoutMs'),
  proxy_read_timeout: timeout('readTimeoutMs'),
  proxy_send_timeout: timeout('sendTimeoutMs'),
  grpc_connect_timeout: timeout('connectTimeoutMs'),
  grpc_read_timeout: timeout('readTimeoutMs'),
  grpc_send_timeout: timeout('sendTimeoutMs'),
  allow: access,
  deny: access,
  expires(directive, { responseEdits }) {
    const [text = ''] = wordsOf(directive, 1);
    if (text === 'off') return;
    const value = cacheControl(text);
    responseEdits.push({ op: 'set', name: 'Cache-Control', value, statuses: GOOD_STATUSES });
  },
  gzip(directive, { policies }) {
    if (isOn(directive)) policies.push({ kind: 'compress', codings: ['gzip'] });
  },
  brotli(directive, { policies }) {
    if (isOn(directive)) policies.push({ kind: 'compress', codings: ['br'] });
  },
  access_log(directive, into) {
    const [path] = wordsOf(directive, 1, 5);
    if (path !== 'off') throw new FormatError('only "access_log off" is read: the log has one place for all');
    into.isLogged = false;
  },
  proxy_cookie_domain(directive, { cookieDomains }) {
    cookieDomains.push(...valueEdits(directive));
  },
  proxy_cookie_path(directive, { cookiePaths }) {
    cookiePaths.push(...valueEdits(directive));
  },
  proxy_redirect(directive, { redirects }) {
    redirects.push(...valueEdits(directive));
  },
};

function timeout(name: 'connectTimeoutMs' | 'readTimeoutMs' | 'sendTimeoutMs'): DirectiveReader {
  return (directive, into) => {
    const [text = ''] = wordsOf(directive, 1);
    into.overrides = { ...into.overrides, [name]: milliseconds(text) };
  };
}

function milliseconds(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ms|[smhdwMy]?)$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] as number);
  if (digits === '' || value > LONGEST_MS) throw new FormatError(`${quote(text)} is no time: write 60s`);
  return value;
}

function access(directive: Parameters<DirectiveReader>[0], into: Parameters<DirectiveReader>[1]): void {
  const [text = ''] = wordsOf(directive, 1);
  const range = text === 'all' ? 'all' : new AddressRanges([text]).ranges[0];
  into.access.push([directive.name as 'allow' | 'deny', range as string]);
}

/** `30d`, `-1`, `epoch`, `max`. Cache-Control beats Expires (RFC 9111 section 5.3), which is not sent. */
function cacheControl(text: string): string {
  if (text === 'max') return `max-age=${TEN_YEARS}`;
  if (text === 'epoch' || /^-\d{1,9}[smhdwMy]?$/.test(text)) return 'no-cache';
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhdwMy]?)$/.exec(text) ?? [];
  if (digits === '')
    throw new FormatError(`expires ${quote(text)} is not read: write a time, as in 30d, or off, epoch, max`);
  return `max-age=${(Number(digits) * (UNITS[unit] as number)) / 1_000}`;
}

function isOn(directive: Parameters<DirectiveReader>[0]): boolean {
  const [text = ''] = wordsOf(directive, 1);
  if (text !== 'on' && text !== 'off') throw new FormatError(`${quote(text)} is neither on nor off`);
  return text === 'on';
}

/** `off`, `default`, or what is replaced by what. */
function valueEdits(directive: Parameters<DirectiveReader>[0]): readonly ValueEdit[] {
  const [from = '', to] = wordsOf(directive, 1, 2);
  if (to === undefined) {
    if (from === 'off' || from === 'default') return [];
    throw new FormatError(`${directive.name} ${quote(from)} lacks what takes its place`);
  }
  if (from.length > LONGEST_VALUE || !/^[\x20-\x7e]{0,2048}$/.test(to))
    throw new FormatError(`${directive.name}: the value holds a character that headers cannot carry`);
  if (/\$/.test(to) || (/\$/.test(from) && !from.startsWith('~')))
    throw new FormatError(`${directive.name} can hold no variables and groups here`);
  if (!from.startsWith('~')) return [{ from: { text: from }, to }];
  const ignoresCase = from.startsWith('~*');
  const pattern = from.slice(ignoresCase ? 2 : 1);
  compilePattern(pattern, { ignoresCase });
  return [{ from: { pattern, ignoresCase }, to }];
}
