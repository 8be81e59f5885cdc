import type { Duplex } from 'node:stream';

/**
 * Joins two connections after 101 Switching Protocols until both sides have ended, one fails, or no byte went either way
 * for the idle limit. An end on one side is passed on to the other, which may still send.
 */
export function joinTunnel(
  client: Duplex & TimeoutSource,
  upstream: Duplex & TimeoutSource,
  idleMs: number,
  onEnd: () => void,
): void {
  let open = 2;
  const destroyBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  // Bytes in one direction keep the other side's connection alive too.
  const rearm = (): void => {
    client.setTimeout(idleMs);
    upstream.setTimeout(idleMs);
  };
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.on('error', destroyBoth);
    from.on('timeout', destroyBoth);
    from.on('data', rearm);
    from.on('close', () => {
      if (!to.writableEnded) to.end();
      open -= 1;
      if (open === 0) onEnd();
      // Nobody is left to read what the other side may still send.
      else if (!to.destroyed) to.destroySoon();
    });
    from.pipe(to);
  }
  rearm();
}

interface TimeoutSource {
  setTimeout(milliseconds: number): unknown;
  destroySoon(): void;
}
