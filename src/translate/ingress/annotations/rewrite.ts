import { FormatError } from '../../../errors.ts';
import { isRedirectTarget } from '../../../routing/redirect.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { isUrl } from '../rewrite-policies.ts';

/** The characters that ingress-nginx takes. A question mark is none of them. */
const TARGET_CHARACTERS = /^[A-Za-z0-9\-._~/:$]*$/;
const LONGEST_TARGET = 2_048;

/** Which paths an Ingress takes, and what becomes of them. */
export const REWRITE: IngressFeature = {
  rows: [
    {
      name: 'rewrite-target',
      support: 'works',
      value:
        'a path with $1 to $9 for what the groups of the path of the rule have captured; or a URL, where clients are sent with 302',
      example: '/$2',
      help: 'Gives the Service this path in place of the whole path of the request. All paths of the host become regular expressions.',
      differs:
        'Variables of nginx in it answer 503. A target that makes a segment of dots, or leaves the host of its URL, is refused for the request.',
    },
    {
      name: 'use-regex',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'All paths of the host, those of other Ingresses too, become regular expressions: from the start of the path, without regard to case, the longest text first.',
    },
    {
      name: 'x-forwarded-prefix',
      support: 'works',
      value: 'a text, with $1 to $9 as in rewrite-target',
      example: '/app',
      help: 'Tells the Service X-Forwarded-Prefix where rewrite-target changes the path.',
      differs: 'What a group has captured is escaped, so that it cannot hold a line end.',
    },
    {
      name: 'app-root',
      support: 'works',
      value: 'an absolute path',
      example: '/ui',
      help: 'Sends clients that ask for / of the host there, with 302.',
    },
  ],
  read(values) {
    const useRegex = values.bool('use-regex', false);
    const target = readTarget(values);
    const forwardedPrefix = target === undefined ? undefined : readPrefix(values);
    const appRoot = values.read('app-root', parseAppRoot);
    return {
      paths: {
        ...(useRegex && { useRegex }),
        ...(target !== undefined && { rewrite: { target, ...(forwardedPrefix !== undefined && { forwardedPrefix }) } }),
      },
      ...(appRoot !== undefined && { server: { appRoot } }),
    };
  },
};

function readTarget(values: IngressValues): string | undefined {
  const target = values.read('rewrite-target', parseTarget);
  if (target === undefined) return undefined;
  const [variable] = /\$(?![1-9])\w*/.exec(target) ?? [];
  if (variable !== undefined) {
    values.deny('rewrite-target', `${quote(target)} holds ${variable}: write $1 to $9 alone`);
    return undefined;
  }
  if (isUrl(target) && !isRedirectTarget(target)) {
    values.deny('rewrite-target', `${quote(target)} has no host that is the same for all requests`);
    return undefined;
  }
  if (!isUrl(target) && !/^[/$]/.test(target)) {
    values.tell(
      'rewrite-target',
      `${quote(target)} does not begin with a slash: requests get 500, where nginx sends what is no request`,
    );
  }
  return target;
}

/** @throws FormatError */
function parseTarget(text: string): string {
  if (text.length > LONGEST_TARGET) throw new FormatError(`it is longer than ${LONGEST_TARGET} characters`);
  if (!TARGET_CHARACTERS.test(text)) {
    throw new FormatError(
      `${quote(text)} may hold letters, digits and - . _ ~ / : $ alone; the query of a request stays in any case`,
    );
  }
  return text;
}

function readPrefix(values: IngressValues): string | undefined {
  const prefix = values.read('x-forwarded-prefix', parseTarget);
  const [variable] = /\$(?![1-9])\w*/.exec(prefix ?? '') ?? [];
  if (variable === undefined) return prefix;
  values.tell('x-forwarded-prefix', `${variable} is not supported there: the header is not sent; write $1 to $9 alone`);
  return undefined;
}

/** @throws FormatError */
function parseAppRoot(text: string): string {
  // Two slashes would begin the name of a host in some clients.
  if (text.length <= LONGEST_TARGET && /^\/(?!\/)[A-Za-z0-9\-._~/:]*$/.test(text)) return text;
  throw new FormatError(`${quote(text)} is no absolute path: write one, as /ui`);
}
