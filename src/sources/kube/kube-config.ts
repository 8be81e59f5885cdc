/**
 * client-node's KubeConfig without what that package needs only to send requests itself: the generated API clients and
 * undici are two thirds of the 80 MB and of the time that it costs, and nothing here calls them. It does what is the same
 * for every kubeconfig: certificates and keys for TLS, Basic credentials, OpenID Connect, agents for proxies.
 */
import type { RequestOptions } from 'node:https';
import { registerHooks } from 'node:module';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';

export type { Cluster, User };

const IMPORTER = '/@kubernetes/client-node/dist/config.js';

/** What config.js imports for such requests, and empty classes of the same names in its place. */
const STAND_INS: ReadonlyMap<string, string> = new Map([
  ['./gen/index.js', moduleOf('export class ServerConfiguration {} export function createConfiguration() {}')],
  ['undici', moduleOf('export class Agent {} export class ProxyAgent {}')],
]);

const CONTEXT = 'context';

/**
 * How to send one request to this cluster as this user. Files are read anew, and the agent for a proxy is a fresh one:
 * it keeps the certificates that it was made with.
 * @throws the error of reading a file, or of asking an identity provider
 */
export async function requestOptions(cluster: Cluster, user: User): Promise<RequestOptions> {
  const config = await newKubeConfig();
  config.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [{ name: CONTEXT, cluster: cluster.name, user: user.name }],
    currentContext: CONTEXT,
  });
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  // The library's agent makes a connection for every request; it is wanted only for the way through a proxy.
  if (cluster.proxyUrl === undefined) delete options.agent;
  return options;
}

/** Loads the package with the first call. Where its files are laid out differently all of it is loaded. */
export async function newKubeConfig(): Promise<KubeConfig> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const url = context.parentURL?.endsWith(IMPORTER) ? STAND_INS.get(specifier) : undefined;
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
    },
  });
  try {
    const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
    return new KubeConfig();
  } finally {
    hooks.deregister();
  }
}

function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
