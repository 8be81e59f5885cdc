/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
import type { Impersonation } from './kubeconfig.ts';

/** All of an identity or none of it: a user without the groups that were meant is another one. */
export function impersonationHeaders({ user, uid, groups, extra }: Impersonation): Record<string, string | string[]> {
  if (user === '') return {};
  return {
    'Impersonate-User': octets(user),
    ...(uid !== '' && { 'Impersonate-Uid': octets(uid) }),
    ...(groups.length > 0 && { 'Impersonate-Group': groups.map(octets) }),
    ...Object.fromEntries(
      extra
        .filter(({ values }) => values.length > 0)
        .map(({ key, values }) => [`Impersonate-Extra-${escapedName(key)}`, values.map(octets)]),
    ),
  };
}

/** Go sends UTF-8; Node writes each character of a header as one octet. */
function octets(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** A key may hold what no header name may (RFC 9110 section 5.6.2): the API server decodes percent signs. */
function escapedName(key: string): string {
  return Array.from(Buffer.from(key, 'utf8'), byte => {
    const character = String.fromCharCode(byte);
    return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
