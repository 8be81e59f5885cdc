/** The redirects that ingress-nginx writes into its configuration. Their Location has the scheme of the connection, as nginx's has. */
import type { ReturnPolicy, VariableText } from '../../model/policy.ts';
import { encodeDecodedPath } from '../../routing/escapes.ts';

const SCHEME = { variable: 'connection_scheme' };
const HOST = { variable: 'host' };

/** Sends a client from a path without the slash at its end to the one with it. @param path decoded, with the slash */
export function directoryRedirect(path: string): ReturnPolicy {
  const location = [SCHEME, '://', HOST, encodeDecodedPath(path), { variable: 'is_args' }, { variable: 'args' }];
  return { kind: 'return', status: 301, location };
}

/** Host and port as the client has sent them. @param path as its author has written it */
export function appRootRedirect(path: string): ReturnPolicy {
  return { kind: 'return', status: 302, location: [SCHEME, '://', { variable: 'http_host' }, path] };
}

/** Sends a client to another host with the target of its request, less one slash at its end. */
export function wwwRedirect(host: string, status: number): ReturnPolicy {
  const port = { variable: 'server_port' };
  const target = { variable: 'request_uri_without_slash' };
  return { kind: 'return', status, location: [{ variable: 'scheme' }, `://${host}:`, port, target] };
}

/** Sends all clients to one URL. @param url one, or a path of the host @param isRelative the path goes out as it is */
export function fixedRedirect(url: string, status: number, isRelative: boolean): ReturnPolicy {
  const location: VariableText = url.startsWith('/') && !isRelative ? [SCHEME, '://', HOST, url] : [url];
  return { kind: 'return', status, location };
}
