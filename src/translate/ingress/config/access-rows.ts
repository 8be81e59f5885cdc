/** Who may in, and what is refused. */

import { parseCount } from '../numbers.ts';
import { allRefused, type ConfigRow, refused, withoutEffect, works } from './config-row.ts';
import { flag, headerNames, list, ranges } from './config-values.ts';

const limitStatus = (text: string): number => parseCount(text, 400, 599);

export const ACCESS_ROWS: readonly ConfigRow[] = [
  works(
    'whitelist-source-range',
    '',
    'Only clients of these ranges are served, unless an Ingress says others.',
    text => ({
      whitelistSourceRange: ranges(text),
    }),
  ),
  works('denylist-source-range', '', 'Clients of these ranges get 403, unless an Ingress says others.', text => ({
    denylistSourceRange: ranges(text),
  })),
  works('block-cidrs', '', 'Clients of these ranges get 403 everywhere.', text => ({ blockCidrs: ranges(text) })),
  works('block-user-agents', '', 'Requests of these user agents get 403: texts, or patterns behind ~ or ~*.', text => ({
    blockUserAgents: list(text),
  })),
  works('block-referers', '', 'Requests with these referers get 403: texts, or patterns behind ~ or ~*.', text => ({
    blockReferers: list(text),
  })),
  works('limit-req-status-code', '503', 'The status of requests above limit-rps and limit-rpm.', text => ({
    limitReqStatusCode: limitStatus(text),
  })),
  works('limit-conn-status-code', '503', 'The status of requests above limit-connections.', text => ({
    limitConnStatusCode: limitStatus(text),
  })),
  works('no-auth-locations', '/.well-known/acme-challenge', 'Locations whose path begins so need no login.', text => ({
    noAuthLocations: list(text),
  })),
  works('global-auth-url', '', 'Asked about each request of Ingresses that do not opt out.', text => ({
    globalAuthUrl: text.trim(),
  })),
  works('global-auth-method', '', 'The method of these questions.', text => ({ globalAuthMethod: text.trim() })),
  works('global-auth-signin', '', 'Where clients are sent that have to log in.', text => ({
    globalAuthSignin: text.trim(),
  })),
  works('global-auth-signin-redirect-param', 'rd', 'The parameter that says where they came from.', text => ({
    globalAuthSigninRedirectParam: text.trim(),
  })),
  works('global-auth-response-headers', '', 'Headers of the answer that upstreams get.', text => ({
    globalAuthResponseHeaders: headerNames(text),
  })),
  works('global-auth-request-redirect', '', 'The value of X-Auth-Request-Redirect.', text => ({
    globalAuthRequestRedirect: text.trim(),
  })),
  works('global-auth-cache-key', '', 'Answers are kept by this text with variables.', text => ({
    globalAuthCacheKey: text.trim(),
  })),
  works('global-auth-cache-duration', '200 202 401 5m', 'Which answers are kept, and how long.', text => ({
    globalAuthCacheDuration: text.trim(),
  })),
  works('global-auth-always-set-cookie', 'false', 'Cookies of its answer are set whatever the status.', text => ({
    globalAuthAlwaysSetCookie: flag(text),
  })),
  works(
    'allow-cross-namespace-resources',
    'false',
    'Ingresses may name Secrets and ConfigMaps of other namespaces.',
    text => ({
      allowCrossNamespaceResources: flag(text),
    }),
  ),
  works('allow-snippet-annotations', 'false', 'Snippets are read, as far as policies say the same.', text => ({
    allowSnippetAnnotations: flag(text),
  })),
  works(
    'annotation-value-word-blocklist',
    '',
    'Ingresses with one of these words in an annotation are refused.',
    text => ({
      annotationValueWordBlocklist: list(text),
    }),
  ),
  refused(
    'global-auth-snippet',
    '',
    'nginx configuration is never run: write request-headers on the auth service instead',
  ),
  works(
    'enable-modsecurity',
    'false',
    'Ingresses answer 503, unless their annotation turns it off, or --allow-missing-waf says otherwise.',
    text => ({ enableModsecurity: flag(text) }),
    'There is no web application firewall here: run one before the entry.',
  ),
  ...allRefused('there is no web application firewall here: run one before the entry, and see --allow-missing-waf', {
    'enable-owasp-modsecurity-crs': 'false',
    'modsecurity-snippet': '',
  }),
  refused(
    'annotations-risk-level',
    'High',
    'no annotation is configuration text here, so that none has the risks that it grades: which ones may be used is for admission policies',
  ),
  ...withoutEffect('paths are matched by this program, and none can break its configuration', {
    'strict-validate-path-type': 'true',
  }),
  ...withoutEffect('a limit counts by the address of the client', {
    'limit-conn-zone-variable': '$binary_remote_addr',
  }),
];
