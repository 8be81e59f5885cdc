/**
 * client-node's KubeConfig without what that package needs only to send requests itself: the generated API clients and
 * undici are two thirds of the 80 MB and of the time that it costs, and nothing here calls them.
 */
import { registerHooks } from 'node:module';
import type { KubeConfig } from '@kubernetes/client-node';

const IMPORTER = '/@kubernetes/client-node/dist/config.js';

/** What config.js imports for such requests, and empty classes of the same names in its place. */
const STAND_INS: ReadonlyMap<string, string> = new Map([
  ['./gen/index.js', moduleOf('export class ServerConfiguration {} export function createConfiguration() {}')],
  ['undici', moduleOf('export class Agent {} export class ProxyAgent {}')],
]);

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
