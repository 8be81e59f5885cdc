import type { RouteLimits } from '../model/route.ts';
import type { Settings } from './schema.ts';

/** What is in force for a route that sets nothing itself. */
export function limitsOf(settings: Settings): RouteLimits {
  return {
    connectTimeoutMs: settings.proxyConnectTimeout,
    readTimeoutMs: settings.proxyReadTimeout,
    sendTimeoutMs: settings.proxySendTimeout,
    maxBodySize: settings.clientMaxBodySize,
  };
}
