/** Directives that answer requests, and the blocks around them. */
import { FormatError } from '../../../errors.ts';
import type { NginxDirective } from '../../../formats/nginx-config.ts';
import type { RequestCondition, ReturnPolicy, VariableText } from '../../../model/policy.ts';
import { DecodedRewrite } from '../../../routing/decoded-rewrite.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { isRedirectTarget, Redirect } from '../../../routing/redirect.ts';
import { quote } from '../../../text/quote.ts';
import { parseVariableText } from '../nginx-variables.ts';
import { type DirectiveReader, textOf, wordsOf } from './snippet-effect.ts';

/** With a URL behind them. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** nginx closes the connection without an answer. */
const NO_ANSWER = 444;
const LONGEST_BODY = 4_096;

const URI: VariableText = [{ variable: 'decoded_uri' }];
/** Variables that are paths. */
const PATHS: ReadonlySet<string> = new Set(['request_uri', 'decoded_uri']);

const METHOD: VariableText = [{ variable: 'request_method' }];

export const ANSWER_DIRECTIVES: Readonly<Record<string, DirectiveReader>> = {
  return(directive, { policies, remarks }) {
    policies.push(readReturn(directive, remarks));
  },
  rewrite(directive, { policies }) {
    const [pattern = '', target = '', flag = ''] = wordsOf(directive, 2, 3);
    if (flag === 'break') {
      if (!/^\/[^?$]*(?:\$[1-9][^?$]*)*$/.test(target) || /[^!-~]/.test(target))
        throw new FormatError(`${quote(target)} must be a path of printable ASCII, with $1 to $9 alone`);
      const policy = { kind: 'rewrite', pattern, target, isDecoded: true } as const;
      new DecodedRewrite(policy);
      policies.push(policy);
      return;
    }
    const status = flag === 'permanent' ? 301 : flag === 'redirect' || /^https?:\/\//.test(target) ? 302 : undefined;
    if (status === undefined) {
      throw new FormatError(
        'a rewrite without redirect, permanent or break looks for another location: write rewrite-target, or a rule with the path',
      );
    }
    policies.push(readRedirect(pattern, target, status));
  },
  if(directive, into) {
    const when = readCondition(directive);
    for (const inner of directive.block ?? []) {
      if (inner.name !== 'return') throw new FormatError(`in an if, only return is read: ${quote(textOf(inner))}`);
      into.policies.push({ ...readReturn(inner, into.remarks), when });
    }
  },
  location(directive, into, where) {
    if (where !== 'server') throw new FormatError('a location stands in a server-snippet alone');
    const when = readLocation(directive);
    // Who may not come in gets 403 before anything is returned, or the other way round: a return comes first in nginx.
    const inner = (directive.block ?? []).filter(one => !IDLE_IN_LOCATION.has(one.name));
    const returned = inner.find(({ name }) => name === 'return');
    const denies = inner.every(one => one.name === 'return' || (one.name === 'deny' && textOf(one) === 'deny all'));
    if (!denies || inner.length === 0) {
      const other = inner.find(({ name }) => name !== 'return');
      throw new FormatError(
        `in a location, only return and "deny all" are read${other === undefined ? '' : `: ${quote(textOf(other))}`}; write a rule with the path, in an Ingress with the annotations for it`,
      );
    }
    into.policies.push({ ...(returned === undefined ? DENIED : readReturn(returned, into.remarks)), when });
  },
  limit_except(directive, into) {
    const methods = directive.words.map(({ text }) => text);
    const [only, ...others] = directive.block ?? [];
    if (methods.length === 0 || !methods.every(method => /^[A-Z]+$/.test(method)))
      throw new FormatError('limit_except must name methods');
    if (only === undefined || others.length > 0 || textOf(only) !== 'deny all')
      throw new FormatError('in a limit_except, only "deny all" is read');
    const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
    const test = { pattern: `^(?:${allowed.join('|')})$`, ignoresCase: false };
    into.policies.push({ ...DENIED, when: { subject: METHOD, test, isNegated: true } });
  },
};

const DENIED: ReturnPolicy = { kind: 'return', status: 403 };
const IDLE_IN_LOCATION: ReadonlySet<string> = new Set(['access_log', 'log_not_found', 'error_log']);

function readReturn(directive: NginxDirective, remarks: Set<string>): ReturnPolicy {
  const [first = '', text] = wordsOf(directive, 1, 2);
  if (text === undefined && /^(?:https?:\/\/|\$scheme)/.test(first)) return locationAnswer(302, first);
  const status = /^\d{3}$/.test(first) ? Number(first) : 0;
  if (status === NO_ANSWER) {
    remarks.add('return 444 answers with 403 here: a connection may carry requests of others');
    return DENIED;
  }
  if (status < 200 || status > 599) throw new FormatError(`${quote(first)} is no status that can be returned`);
  if (text === undefined) return { kind: 'return', status };
  if (REDIRECTS.has(status)) return locationAnswer(status, text);
  if (text.includes('$'))
    throw new FormatError('the text of an answer can hold no variables: what a client sends would be shown as a page');
  if (text.length > LONGEST_BODY)
    throw new FormatError(`the text of an answer is longer than ${LONGEST_BODY} characters`);
  return { kind: 'return', status, body: text };
}

function locationAnswer(status: number, url: string): ReturnPolicy {
  const location = parseVariableText(url, 'return');
  const [first = ''] = location;
  const isUrl = typeof first === 'string' ? /^https?:\/\//.test(first) : first.variable === 'scheme';
  const isPath = typeof first === 'string' ? /^\/(?!\/)/.test(first) : PATHS.has(first.variable);
  if (!isUrl && !isPath) throw new FormatError(`${quote(url)} must be a URL, or a path that begins with one /`);
  if (/[^!-~]/.test(url)) throw new FormatError(`${quote(url)} holds what no URL can: write it as an escape`);
  // A path of the request may begin with two slashes, behind which clients would look for a host.
  const host = [{ variable: 'connection_scheme' }, '://', { variable: 'host' }];
  return { kind: 'return', status, location: isPath ? [...host, ...location] : location };
}

/** Variables can stand in a target without groups alone. */
function readRedirect(pattern: string, target: string, status: number) {
  if (/\$(?![1-9])/.test(target)) {
    if (/\$[1-9]/.test(target)) {
      throw new FormatError(
        `${quote(target)} holds both groups and variables: write "return ${status} https://$host$request_uri" where the path stays`,
      );
    }
    compilePattern(pattern);
    const when: RequestCondition = { subject: URI, test: { pattern, ignoresCase: false }, isNegated: false };
    return { ...locationAnswer(status, target), when };
  }
  if (!isRedirectTarget(target))
    throw new FormatError(
      `${quote(target)} must be a URL whose host has no groups, or a path that begins with one /, without blanks and line ends`,
    );
  const policy = { kind: 'redirect', pattern, target, status, isDecoded: true } as const;
  new Redirect(policy);
  return policy;
}

/** `if ($name = text)`, `!=`, `~`, `~*`, `!~`, `!~*`, or a variable alone. */
function readCondition({ words }: NginxDirective): RequestCondition {
  const all = words.map(({ text }) => text).join(' ');
  const [, variable = '', operator, operand = ''] =
    /^\(\s*(\$\w+|\$\{\w+\})\s*(?:(!?~\*?|!?=)\s*(.*?))?\s*\)$/s.exec(all) ?? [];
  if (variable === '')
    throw new FormatError(
      `the condition ${quote(all)} is not read: write "($variable = text)", or ~ and ~* for a pattern`,
    );
  const name = variable.replace(/\W/g, '');
  const subject = parseVariableText(`$${name}`, 'if');
  if (operator === undefined) return { subject, test: { pattern: '^0?$', ignoresCase: false }, isNegated: true };
  const isNegated = operator.startsWith('!');
  if (operator.endsWith('=')) {
    if (operand.includes('$')) throw new FormatError('a text to compare with can hold no variables');
    return { subject, test: { equals: operand }, isNegated };
  }
  const ignoresCase = operator.endsWith('*');
  compilePattern(operand, { ignoresCase });
  return { subject, test: { pattern: operand, ignoresCase }, isNegated };
}

function readLocation({ words }: NginxDirective): RequestCondition {
  const all = words.map(({ text }) => text);
  const [operator, path = ''] = all.length === 1 ? ['', all[0]] : all;
  const test = (): RequestCondition['test'] => {
    switch (all.length <= 2 ? operator : undefined) {
      case '=':
        return { equals: path };
      case '':
      case '^~':
        return { pattern: `^${path.replace(/[^A-Za-z0-9/]/g, '\\$&')}`, ignoresCase: false };
      case '~':
      case '~*':
        return { pattern: path, ignoresCase: operator === '~*' };
      default:
        throw new FormatError(`location ${quote(all.join(' '))} is not read: write a path, or ~ and a pattern`);
    }
  };
  const made = test();
  if ('pattern' in made) compilePattern(made.pattern, { ignoresCase: made.ignoresCase });
  return { subject: URI, test: made, isNegated: false };
}
