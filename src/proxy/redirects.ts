import type { Route } from '../routing/route.ts';

/**
 * Puts a stripped prefix back on the paths an upstream sends in `Location`, `Refresh` and cookie `Path`, which it
 * believes to be seen at its root.
 * @param name in lower case
 * @param hosts what the client, and what the upstream, may call this place in an absolute URL
 */
export function rewriteRedirect(name: string, value: string, route: Route, hosts: readonly string[]): string {
  if (name === 'location') return withPrefix(value, route.path, hosts);
  if (name === 'refresh') {
    return value.replace(
      /^(\s*\d+\s*[;,]\s*url\s*=\s*["']?)(.*)$/i,
      (_, head: string, url: string) => head + withPrefix(url, route.path, hosts),
    );
  }
  if (name === 'set-cookie') {
    return value.replace(
      /(;\s*path\s*=\s*)(\/[^;]*)/i,
      (_, head: string, path: string) => head + join(route.path, path),
    );
  }
  return value;
}

export function mayHoldRedirect(name: string): boolean {
  return name === 'location' || name === 'refresh' || name === 'set-cookie';
}

/** A path gets the prefix; a full URL only when it points here; a relative reference and another site are left alone. */
function withPrefix(url: string, prefix: string, hosts: readonly string[]): string {
  if (url.startsWith('/') && !url.startsWith('//')) return join(prefix, url);
  const match = /^(https?:)?\/\/([^/?#]*)(.*)$/i.exec(url);
  if (match === null) return url;
  const [, scheme = '', authority = '', rest = ''] = match;
  if (!hosts.includes(authority.toLowerCase())) return url;
  return `${scheme}//${authority}${join(prefix, rest.startsWith('/') ? rest : `/${rest}`)}`;
}

/** An upstream that knows its prefix already sends it: it is not put on twice. */
function join(prefix: string, path: string): string {
  if (path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)) return path;
  return path === '/' ? `${prefix}/` : prefix + path;
}
