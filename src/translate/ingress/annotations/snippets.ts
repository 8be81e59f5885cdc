import { FormatError } from '../../../errors.ts';
import type { IngressEffect, IngressFeature, IngressValues } from '../ingress-feature.ts';
import { readSnippet } from '../snippets/read-snippet.ts';
import type { SnippetPlace } from '../snippets/snippet-effect.ts';

const READ =
  'headers (add_header, proxy_set_header, proxy_hide_header, more_set_headers, auth_request_set …), return, rewrite, if and location around a return, allow and deny, time limits, client_max_body_size, expires, gzip, proxy_cookie_path, proxy_redirect';

const SNIPPET = {
  support: 'works',
  value: `directives of nginx: ${READ}`,
  differs:
    'No directive is run: those that say what a policy can say become that policy, which a warning names. Any other answers 503, with the line and what to write instead.',
} as const;

const NEVER = { support: 'refused', value: 'directives of nginx', example: 'proxy_set_header X-A b;' } as const;

/** Directives of nginx in annotations. */
export const SNIPPETS: IngressFeature = {
  rows: [
    {
      ...SNIPPET,
      name: 'configuration-snippet',
      example: 'more_set_headers "X-Frame-Options: DENY";',
      help: 'What the directives say counts for the locations of the Ingress.',
    },
    {
      ...SNIPPET,
      name: 'server-snippet',
      example: 'location ~ ^/admin { deny all; }',
      help: 'As configuration-snippet, and blocks "location" that return or deny.',
      differs: `${SNIPPET.differs} It counts for the locations of its own Ingress, not for those of others of the host.`,
    },
    {
      ...NEVER,
      name: 'auth-snippet',
      help: 'Its locations answer 503: what it would protect is not served without it.',
      why: 'write auth-proxy-set-headers for headers of the request to the service of auth-url',
    },
    {
      ...NEVER,
      name: 'stream-snippet',
      help: 'It is not read, and its author is told.',
      why: 'connections of other protocols are not served',
    },
  ],
  read(values) {
    const effects = [
      readPlace(values, 'configuration-snippet', 'location'),
      readPlace(values, 'server-snippet', 'server'),
    ].filter(effect => effect !== undefined);
    if (values.get('auth-snippet') !== undefined) {
      values.deny(
        'auth-snippet',
        'directives of nginx are not run; write auth-proxy-set-headers for headers of the request to the service of auth-url',
      );
    }
    if (values.get('stream-snippet') !== undefined)
      values.tell('stream-snippet', 'directives of nginx are not run: nothing is done');
    if (effects.length === 0) return undefined;
    return {
      policies: effects.flatMap(({ policies = [] }) => policies),
      overrides: Object.assign({}, ...effects.map(({ overrides }) => overrides)),
      route: Object.assign({}, ...effects.map(({ route }) => route)),
    };
  },
};

function readPlace(values: IngressValues, name: string, where: SnippetPlace): IngressEffect | undefined {
  const read = values.require(name, text => {
    const snippet = readSnippet(text, where);
    const effect = snippet.toIngressEffect();
    if (snippet.authVariables.size > 0 && values.get('auth-url') === undefined)
      throw new FormatError('auth_request_set needs an auth service: write the annotation auth-url');
    if (values.get('rewrite-target') !== undefined && effect.policies?.some(({ kind }) => kind === 'rewrite')) {
      throw new FormatError('a rewrite beside rewrite-target: leave one of them out');
    }
    return { snippet, effect };
  });
  if (read === undefined) return undefined;
  const { done, remarks } = read.snippet;
  const parts = [
    done.size === 0 ? 'none of it is run' : `it is not run, but what it says is done (${[...done].join(', ')})`,
    ...remarks,
  ];
  values.tell(name, parts.join('; '));
  return read.effect;
}
