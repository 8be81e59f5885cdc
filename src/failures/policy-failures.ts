/** What the policies of a route refuse. */
import { entry, type Failure, later } from './failure.ts';

/** @param remedy for the people who run the Service: its policy is meant to refuse such requests */
function denied(status: number, meaning: string, remedy: string): Failure {
  return { status, source: 'client', closes: false, mayRetry: false, meaning, remedy };
}

export const POLICY_FAILURES = {
  too_many_connections: {
    ...denied(
      429,
      'The client has as many requests under way as the Service or the Ingress lets one client have.',
      'The client should wait for its answers; look at kube-entry.io/max-connections of the Service, or limit-connections of the Ingress. Behind another proxy, set trusted-proxies, so that its clients are told apart.',
    ),
    retryAfter: 1,
  },
  rate_limited: denied(
    429,
    'The client, or all clients of the Service together, sent more requests than the rate limit of the Service or the Ingress grants.',
    'The client should wait as long as Retry-After says; look at kube-entry.io/rate-limit of the Service, or limit-rps and limit-rpm of the Ingress. Behind another proxy, set trusted-proxies, so that its clients are told apart.',
  ),
  address_denied: denied(
    403,
    'The address of the client is not one that the route serves.',
    'Look at kube-entry.io/allow-from and kube-entry.io/deny-from of the Service, at whitelist-source-range and denylist-source-range of the Ingress, or at those of the ConfigMap; behind another proxy, set trusted-proxies, so that its clients are told apart.',
  ),
  header_denied: denied(
    403,
    'A header of the request has a value that the entry refuses.',
    'Look at block-user-agents and block-referers of the ConfigMap that ingress-configmap names; the log says which header it is.',
  ),
  path_edit_refused: denied(
    400,
    'What a redirect or a rewrite makes of the path has a broken escape, leads above the root, or is longer than 8 KiB.',
    'Look at kube-entry.io/redirect and kube-entry.io/rewrite of the Service, or at rewrite-target of the Ingress: a group of its pattern must not end within an escape, nor begin with dots.',
  ),
  path_edit_empty: entry(
    500,
    false,
    'What a rewrite makes of the path is empty, or does not begin with a slash, so no upstream can be asked for it.',
    'Begin the value of nginx.ingress.kubernetes.io/rewrite-target with a slash.',
  ),
  pattern_too_costly: entry(
    500,
    false,
    'To tell whether the pattern of a policy matches would take more steps than one request may take.',
    'Simplify the pattern of kube-entry.io/redirect or kube-entry.io/rewrite, or the path of the Ingress: begin it with ^, and let no two repetitions take the same characters.',
  ),
  auth_url_unauthorized: denied(
    401,
    'The service of auth-url does not know who the client is.',
    'The client has to log in; set auth-signin on the Service or the Ingress, so that browsers are sent to where they can.',
  ),
  auth_url_forbidden: denied(
    403,
    'The service of auth-url says that the client may not do this.',
    'Look at the log of the service that auth-url of the Service or the Ingress names: it has refused the request.',
  ),
  auth_url_failed: entry(
    500,
    false,
    'The service of auth-url has not said whether the request may go on, and without that it may not.',
    'Look at the service that auth-url of the Service or the Ingress, or global-auth-url of the ConfigMap, names: it has to answer with a 2xx status, 401 or 403, within 10 s.',
  ),
  credentials_missing: denied(
    401,
    'The request names no user, and the route asks for one.',
    'Nothing is wrong: browsers ask the user then. Other clients send Authorization: Basic.',
  ),
  credentials_wrong: denied(
    401,
    'The user is not one of the route, or its password is wrong.',
    'Compare the user with the Secret that kube-entry.io/basic-auth of the Service, or auth-secret of the Ingress, names; the log does not hold what was sent.',
  ),
  passwords_crowded: {
    ...denied(
      429,
      'The client has so many passwords in the queue that no further one is taken.',
      'Look at the address of the client: it guesses passwords, or it is a proxy that trusted-proxies does not name.',
    ),
    retryAfter: 1,
  },
  passwords_unavailable: later(
    'The password could not be checked in time: too many others of the route wait for their check.',
    'Look for clients that guess passwords; hashes of less cost are checked faster (htpasswd -B -C 5).',
  ),
  token_missing: denied(
    401,
    'The request has no token, and the route asks for one.',
    'The client has to send Authorization: Bearer with a token of the issuer of kube-entry.io/jwt.',
  ),
  token_invalid: denied(
    401,
    'The token is not one of the issuer for this audience, or it is not valid now.',
    'Look at the detail in the log: it names the claim, or what is wrong with the signature. The clocks of both sides may differ by 30 s.',
  ),
  keys_unavailable: later(
    'The keys of the issuer cannot be had, and without them no token can be verified.',
    'Look at the detail in the log and at the URL that kube-entry.io/jwt names: its answer has to be a JSON Web Key Set, within 5 s.',
  ),
  policy_unavailable: later(
    'A policy of the route cannot be had, and without it the route is not safe to serve.',
    'Run kube-entry routes, or look at the Events of the Service or the Ingress: they say what is missing.',
  ),
} as const satisfies Record<string, Failure>;
