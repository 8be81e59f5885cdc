/** TLSRoutes on the ports of Gateways. Pure. */
import type { GatewayListener, GatewayPort, StreamRoute } from '../../model/gateway-port.ts';
import type { RouteReading } from './readings.ts';

/**
 * The ports with the streams of the routes that attach to their listeners.
 * @param routes the oldest first: of those with the same host, it is served
 */
export function withStreams(ports: readonly GatewayPort[], routes: Iterable<RouteReading>): readonly GatewayPort[] {
  const byListener = new Map<string, Map<string, StreamRoute>>();
  for (const { streams } of routes) {
    for (const { listener, stream } of streams) {
      const key = `${listener.portId} ${listener.hostname}`;
      const ofListener = byListener.get(key) ?? new Map<string, StreamRoute>();
      if (!ofListener.has(stream.host)) byListener.set(key, ofListener.set(stream.host, stream));
    }
  }
  if (byListener.size === 0) return ports;
  return ports.map(port => ({
    ...port,
    listeners: port.listeners.map((listener): GatewayListener => {
      const streams = byListener.get(`${port.id} ${listener.hostname}`);
      return streams === undefined || listener.serves === 'http'
        ? listener
        : { ...listener, streams: [...streams.values()] };
    }),
  }));
}
