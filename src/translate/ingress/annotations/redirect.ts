import { FormatError } from '../../../errors.ts';
import type { Policy } from '../../../model/policy.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { fixedRedirect } from '../redirects.ts';

/** The characters that ingress-nginx takes in a URL: no variable, and nothing that ends a directive of nginx. */
const URL_CHARACTERS = /^[A-Za-z0-9\-._~/:,?&=]*$/;
const LONGEST_URL = 2_048;

/** Clients are sent to one URL, whatever they ask for. */
export const REDIRECT: IngressFeature = {
  rows: [
    {
      name: 'permanent-redirect',
      support: 'works',
      value: 'a URL, or a path of the host',
      example: 'https://new.example/',
      help: 'Sends all clients there; the path of the request is not appended. A redirect comes before authentication and before the redirect to https.',
    },
    {
      name: 'permanent-redirect-code',
      support: 'works',
      value: '300 to 308',
      example: '308',
      help: 'The status of permanent-redirect; any other number counts as 301.',
    },
    {
      name: 'temporal-redirect',
      support: 'works',
      value: 'a URL',
      example: 'https://new.example/',
      help: 'As permanent-redirect, which it beats, with 302.',
    },
    {
      name: 'temporal-redirect-code',
      support: 'works',
      value: '300 to 307',
      example: '307',
      help: 'The status of temporal-redirect; any other number counts as 302.',
    },
    {
      name: 'relative-redirects',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'A path of permanent-redirect goes out as it is, without scheme and host.',
    },
    {
      name: 'use-port-in-redirects',
      support: 'no-effect',
      value: 'true or false',
      example: 'true',
      help: 'Shows the port in redirects.',
      why: 'it only adds ":443" to redirects to https, which means the same to every client',
    },
  ],
  read(values) {
    const policy = read(values);
    return policy && { policies: [policy] };
  },
};

function read(values: IngressValues): Policy | undefined {
  const isRelative = values.bool('relative-redirects', values.config.relativeRedirects);
  if (isUsable(values, 'temporal-redirect')) {
    const url = values.read('temporal-redirect', parseAbsolute);
    return url === undefined
      ? undefined
      : fixedRedirect(url, statusOf(values, 'temporal-redirect-code', 307, 302), isRelative);
  }
  if (!isUsable(values, 'permanent-redirect')) return undefined;
  const url = values.read('permanent-redirect', parseTarget);
  return url === undefined
    ? undefined
    : fixedRedirect(url, statusOf(values, 'permanent-redirect-code', 308, 301), isRelative);
}

/** ingress-nginx refuses an Ingress whose URL holds what its validator does not take. */
function isUsable(values: IngressValues, name: string): boolean {
  const text = values.get(name);
  if (text === undefined) return false;
  if (text.length <= LONGEST_URL && URL_CHARACTERS.test(text)) return true;
  const advice = 'for parts of the request in it, write kube-entry.io/redirect';
  values.refuse(
    name,
    `${quote(text)} holds more than a URL of ingress-nginx may: no variables, quotes or blanks; ${advice}`,
  );
  return false;
}

/** @throws FormatError */
function parseAbsolute(text: string): string {
  if (!/^https?:\/\/./.test(text)) throw new FormatError(`${quote(text)} must begin with http:// or https://`);
  return text;
}

/** @throws FormatError */
function parseTarget(text: string): string {
  // Two slashes would begin the name of a host.
  return /^\/(?!\/)/.test(text) ? text : parseAbsolute(text);
}

function statusOf(values: IngressValues, name: string, most: number, fallback: number): number {
  return values.read(name, text => parseStatus(text, most)) ?? fallback;
}

/** @throws FormatError */
function parseStatus(text: string, most: number): number {
  const status = Number(/^\d{3}$/.exec(text)?.[0]);
  // Browsers follow no Location in answers with 304 and 306.
  if (!(status >= 300 && status <= most)) throw new FormatError(`${quote(text)} is no status from 300 to ${most}`);
  return status;
}
