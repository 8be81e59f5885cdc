/** What becomes of clients of TLS, by the names of servers that they ask for. */
import type { EngineState } from '../engine.ts';
import type { GatewayPortState } from '../gateway-port-state.ts';
import { sharedPortOf } from '../shared-port.ts';
import type { ServerNameTerms } from '../transport/tls/server-name-terms.ts';

/** On the TLS port, by its hosts, and by the listeners of Gateways that share it. */
export function termsOfHost(engine: EngineState, serverName: string): ServerNameTerms {
  const shared = engine.gatewayPorts.areShared ? sharedPortOf(engine, 'tls', serverName) : undefined;
  if (shared !== undefined) return termsOfListener(engine, shared, serverName);
  const { tlsHosts, settings, defaultCertificate } = engine;
  const state = tlsHosts.lookup(serverName);
  if (state === undefined && settings.tlsRejectUnknownSni) return 'unknown-name';
  const cluster = state?.host.passthrough;
  if (cluster !== undefined) return { passage: { cluster, serverName } };
  return {
    certificate: state?.certificate ?? defaultCertificate,
    clientCertificate: state?.host.clientCertificate,
    scope: '',
  };
}

/** On a port of Gateways, by its listeners. */
export function termsOfListener(
  { gatewayPorts }: EngineState,
  port: GatewayPortState,
  serverName: string,
): ServerNameTerms {
  const found = port.listenerOf(serverName);
  if (found === undefined) return hasStreams(port) ? 'no-stream' : 'unknown-name';
  const { hostname, key, listener } = found;
  const cluster = listener.serves === 'http' ? undefined : found.streamTo(serverName);
  const passage = cluster === undefined ? undefined : { cluster, serverName };
  if (listener.serves === 'passthrough') return passage === undefined ? 'no-stream' : { passage };
  if (listener.serves === 'bytes' && passage === undefined) return 'no-stream';
  return {
    certificate: gatewayPorts.certificateFor(listener.certificates, serverName),
    clientCertificate: listener.clientCertificate,
    scope: key,
    listener: hostname,
    ...(passage && { stream: passage }),
  };
}

/** Whether it has a listener for TLSRoutes. */
function hasStreams({ port }: GatewayPortState): boolean {
  return port.listeners.some(({ serves }) => serves !== 'http');
}
