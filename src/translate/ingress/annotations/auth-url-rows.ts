/** The annotations about a service that decides who may in. */
import type { IngressRow } from '../ingress-feature.ts';

const VARIABLES = 'nginx variables that say something of the request, as in $request_uri';

function row(name: string, value: string, example: string, help: string, differs?: string): IngressRow {
  return { name, support: 'works', value, example, help, ...(differs !== undefined && { differs }) };
}

export const AUTH_URL_ROWS: readonly IngressRow[] = [
  row(
    'auth-url',
    `URL, with ${VARIABLES}`,
    'https://$host/oauth2/auth',
    'Asks this service about each request: 2xx lets it pass, 401 and 403 are passed on, and anything else is 500, as is no answer within 10 s. A certificate of the service is not verified. A URL without scheme or host answers 503.',
    'Of its host, only $host may be a variable: it is the host of the rule. With a rule for all hosts or a wildcard, that answers 503: clients would choose who decides about them.',
  ),
  row(
    'auth-method',
    'GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS',
    'POST',
    'The method that the service is asked with, without a body; it is also told X-Original-URI and X-Scheme.',
    'CONNECT and TRACE answer 503.',
  ),
  row(
    'auth-signin',
    `URL, with ${VARIABLES}`,
    'https://login.example.com/start',
    'Where clients are sent instead of 401, with rd=URL, which leads back, unless it has an rd of its own.',
    'Variables that are not known here make it absent, so that clients get 401.',
  ),
  row('auth-signin-redirect-param', 'name of a parameter', 'return_to', 'Stands in place of rd.'),
  row(
    'auth-response-headers',
    'names of headers, separated by commas',
    'X-User, X-Groups',
    'Headers of the answer that the upstream gets. One that the answer lacks is taken out of the request.',
    'Host and headers of the connection cannot be taken from the answer: they answer 503. At most 32.',
  ),
  row(
    'auth-request-redirect',
    `text, with ${VARIABLES}`,
    'https://$host$request_uri',
    'The value of X-Auth-Request-Redirect, which is path and query of the request otherwise.',
  ),
  row(
    'auth-proxy-set-headers',
    'NAMESPACE/NAME of a ConfigMap',
    'default/auth-headers',
    'Headers that the service is told, by name, with nginx variables. Without a namespace, while the ConfigMap is missing, and in another namespace without allow-cross-namespace-resources, the locations answer 503.',
    'Host and headers of the connection cannot be set: they answer 503.',
  ),
  row(
    'auth-cache-key',
    'text with nginx variables',
    '$remote_user$http_authorization',
    'Keeps answers for requests with the same host, path of the rule and key, also when the service is gone.',
    'Nothing is kept for requests in which all variables of the key are empty, nor longer than Cache-Control of the answer says; $remote_user counts as $http_authorization.',
  ),
  row(
    'auth-cache-duration',
    'STATUSES DURATION, several separated by commas',
    '200 202 401 5m',
    'Which answers are kept, and how long; 200 202 401 5m unless told.',
    'At most 24 h.',
  ),
  row(
    'auth-always-set-cookie',
    'true or false',
    'true',
    'Cookies of the answer go to the client with responses of all statuses.',
  ),
  row(
    'enable-global-auth',
    'true or false',
    'false',
    'With false, the service of global-auth-url of the ConfigMap is not asked.',
    'A global-auth-url that cannot be read answers 503, where ingress-nginx asks nobody.',
  ),
];
