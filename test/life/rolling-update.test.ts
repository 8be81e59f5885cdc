/** A rolling update as a Deployment makes it, one instance after the other, while everybody goes on working. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { startBackend } from './backend.ts';
import { Balancer } from './balancer.ts';
import { Clients } from './clients.ts';
import { WebSocketClient } from './web-socket.ts';

/** Far longer than the balancer takes to notice, a quarter of a second: the machine may stand still meanwhile. */
const SHUTDOWN_DELAY = '6s';
/** So for any request, of which the longest takes 800 ms. */
const SHUTDOWN_TIMEOUT = '20s';
const INSTANCES = 2;
/** For a program on a busy machine. */
const PATIENCE_MS = 60_000;

describe('a rolling update', { concurrency: true }, () => {
  for (const engine of ['wire', 'node']) {
    it(`${engine}: no request fails, and WebSockets live until shutdown-timeout`, { timeout: 600_000 }, async t => {
      const backend = await startBackend(t);
      const args = ['--engine', engine, '--access-log', 'off', '--shutdown-delay', SHUTDOWN_DELAY];
      const start = () =>
        ServingProgram.start(t, {
          workers: 2,
          manifests: [backend],
          args: [...args, '--shutdown-timeout', SHUTDOWN_TIMEOUT],
        });
      const balancer = await Balancer.start(t);
      const old = await Promise.all(Array.from({ length: INSTANCES }, start));
      for (const program of old) balancer.add(program);

      const clients = new Clients(t, balancer.address);
      const sockets = await Promise.all(
        Array.from({ length: 4 * INSTANCES }, () => WebSocketClient.open(t, balancer.address)),
      );
      await clients.served(2);

      const leaving = old.map(program => ({
        program,
        its: sockets.filter(({ localPort }) => balancer.takerOf(localPort) === program),
      }));
      // As a Deployment does it: the next one goes when this one refuses connections, and does not wait for its end.
      for (const { program, its } of leaving) {
        balancer.add(await start());
        assert.ok(its.length > 0);
        program.kill('SIGTERM');
        await refuses(program);
        await Promise.all(its.map(socket => socket.echoed()));
      }
      for (const { program, its } of leaving) {
        const { time, outcome } = await program.logged('drained');
        assert.equal(outcome, 'time', 'the WebSockets were still there');
        for (const socket of its)
          assert.ok((await socket.ended()) >= Date.parse(String(time)), 'a WebSocket ended before its time');
        assert.deepEqual(await program.ended(), { code: 0, signal: null });
        assert.deepEqual(program.complaints, '');
      }
      await clients.served(2);
      await clients.stop();
      assert.deepEqual(clients.failures, []);
      assert.ok(clients.announcedEnds > 0, 'no connection was drained: nothing was tested');
      t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries(clients.answered))}`);
    });
  }
});

/** Waits until connections are refused. */
async function refuses(program: ServingProgram): Promise<void> {
  await eventually(
    'the port to be closed',
    async () => {
      const client = await program.connect().catch(() => undefined);
      client?.destroy();
      return client === undefined;
    },
    PATIENCE_MS,
  );
}
