import { FormatError } from '../../../errors.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressFeature, IngressValues } from '../ingress-feature.ts';
import { readRuleHost } from '../rule-text.ts';

const MOST_ALIASES = 100;

/** Further names of the hosts of an Ingress. */
export const SERVER_NAMES: IngressFeature = {
  rows: [
    {
      name: 'server-alias',
      support: 'works',
      value: 'host names, separated by commas',
      example: 'a.example, b.example',
      help: 'Serves the host by these names, too, unless an Ingress names them as its hosts.',
      differs:
        'An alias that is a regular expression (~…) is not served, and is reported by name: write the names, or one like *.a.example.',
    },
    {
      name: 'from-to-www-redirect',
      support: 'works',
      value: 'true or false',
      example: 'true',
      help: 'Sends clients that ask for the host with www. in front of it to the host, or the other way round, unless an Ingress names that host.',
    },
  ],
  read(values) {
    const aliases = readAliases(values);
    const redirects = values.bool('from-to-www-redirect', false);
    const { httpRedirectCode } = values.config;
    return {
      server: {
        ...(aliases.length > 0 && { aliases }),
        ...(redirects && { wwwRedirectStatus: httpRedirectCode }),
      },
    };
  },
};

function readAliases(values: IngressValues): readonly string[] {
  const names = values.read('server-alias', parseList) ?? [];
  const aliases = new Set<string>();
  for (const name of names) {
    const host = name.startsWith('~') ? undefined : readRuleHost(name);
    if (host !== undefined) aliases.add(host);
    else if (name.startsWith('~'))
      values.tell('server-alias', `${quote(name)} is a regular expression, and is not served: write the names`);
    else values.tell('server-alias', `${quote(name)} is no host name, and is not served`);
  }
  return [...aliases];
}

/** @throws FormatError */
function parseList(text: string): readonly string[] {
  const names = text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  if (names.length > MOST_ALIASES) throw new FormatError(`it has more than ${MOST_ALIASES} names`);
  return names;
}
