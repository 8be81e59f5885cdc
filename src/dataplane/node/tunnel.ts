import type { Socket } from 'node:net';

/**
 * Joins two connections after 101 Switching Protocols, until one side ends or fails, or no byte went either way for the
 * idle limit. As in nginx, an end on one side is the end of both, once the other has got what was on its way.
 */
export function joinTunnel(
  client: Socket,
  upstream: Socket,
  idleMs: number,
  onIdle: () => void,
  onEnd: () => void,
): void {
  let open = 2;
  const destroyBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  // Bytes in one direction keep the other side's connection alive, too.
  const rearm = (): void => {
    client.setTimeout(idleMs);
    upstream.setTimeout(idleMs);
  };
  const join = (from: Socket, to: Socket): void => {
    from.on('error', destroyBoth);
    from.on('timeout', () => {
      onIdle();
      destroyBoth();
    });
    from.on('data', rearm);
    from.on('end', () => to.destroySoon());
    from.on('close', () => {
      to.destroySoon();
      open -= 1;
      if (open === 0) onEnd();
    });
    from.pipe(to, { end: false });
  };
  join(client, upstream);
  join(upstream, client);
  rearm();
}
