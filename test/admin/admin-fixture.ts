import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AdminServer } from '../../src/admin/admin-server.ts';
import { type AppLimits, DEFAULT_LIMITS } from '../../src/admin/app.ts';
import { StatusServer } from '../../src/admin/status-server.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { atEnd } from '../support/cleanup.ts';
import { FakeControlPlane } from '../support/control-plane.ts';
import type { Destination } from '../support/exchange.ts';

export async function scratchDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ke-admin-'));
  atEnd(context, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

export interface Running<Server> {
  readonly at: Destination;
  readonly server: Server;
  readonly control: FakeControlPlane;
  readonly board: CounterBoard;
}

/** An admin server on a socket of its own, initialised, closed when the test ends. */
export async function adminServer(
  context: TestContext,
  limits: Partial<AppLimits> = {},
): Promise<Running<AdminServer> & { readonly at: { readonly path: string } }> {
  const path = join(await scratchDirectory(context), 'admin.sock');
  const { control, board, options } = parts(limits);
  const server = await AdminServer.listen(path, options);
  atEnd(context, () => server.close());
  return { at: { path }, server, control, board };
}

/** The same for a status listener on loopback. */
export async function statusServer(
  context: TestContext,
  limits: Partial<AppLimits> = {},
): Promise<Running<StatusServer>> {
  const { control, board, options } = parts(limits);
  const server = await StatusServer.listen({ host: '127.0.0.1', port: 0 }, options);
  atEnd(context, () => server.close());
  return { at: server.address, server, control, board };
}

export function parts(limits: Partial<AppLimits> = {}) {
  const control = new FakeControlPlane();
  control.isInitialised = true;
  const board = new CounterBoard();
  const logger = silentLogger();
  const options = { control, board, logger, dashboard: true, limits: { ...DEFAULT_LIMITS, ...limits } };
  return { control, board, options };
}
