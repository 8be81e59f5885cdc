/** Nothing reads standard output: requests go on, memory is bounded, and the log says how many lines were lost. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { pushed, ServingProgram } from './serve-fixture.ts';

const CLIENTS = 8;
/** Makes a line of JSON of 21 KiB: what may wait in memory is full after a hundred. */
const LONG = 'x'.repeat(7_000);
const REQUEST = `GET /a/${LONG} HTTP/1.1\r\nHost: test\r\nReferer: ${LONG}\r\nUser-Agent: ${LONG}\r\n\r\n`;
const LOST = 'lines of the access log were dropped: its reader was too slow';

/**
 * Of each client, so that its worker, even one that has no other, holds back as many lines as it may; by then the heaps have
 * the size that such traffic needs.
 */
const WARM_UP_REQUESTS = 63;
/** Their lines are 51 MiB: held back in memory, they would show. */
const FLOOD_REQUESTS = 4_800;
/** Less than their lines hold. When the garbage of a starved machine waits for its collection, 26 have been seen. */
const GROWTH_MIB = 36;
/** For so many requests on a busy machine. */
const PATIENCE_MS = 180_000;

test('under load, a standard output that nobody reads costs lines only, and their number is said when it moves', async context => {
  const upstream = await RawUpstream.start(context);
  const pipe = join(await scratchDirectory(context), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const stdout = openSync(pipe, constants.O_WRONLY);
  context.after(() => closeSync(reader));
  const program = await ServingProgram.start(context, { workers: 2, stdout, args: ['--access-log', 'json'] });
  closeSync(stdout);
  await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
  const metric = async (name: string): Promise<number> =>
    (await program.metrics()).find(sample => sample.name === name)?.value ?? 0;
  const dropped = (): Promise<number> => metric('kube_entry_access_log_dropped_total');

  const clients = Array.from({ length: CLIENTS }, () => ({ answered: 0 }));
  const answered = (): number => clients.reduce((sum, client) => sum + client.answered, 0);
  let isFlooding = true;
  const flood = clients.map(async counts => {
    const client = await program.connect();
    while (isFlooding) {
      await client.send(REQUEST);
      assert.equal((await client.response()).status, 200);
      counts.answered += 1;
    }
    client.destroy();
  });
  const isWarm = (): boolean => clients.every(client => client.answered >= WARM_UP_REQUESTS);
  await eventually('requests of each client to be answered', isWarm, PATIENCE_MS);
  const [droppedBefore, memoryBefore] = [await dropped(), await metric('process_resident_memory_bytes')];
  assert.ok(droppedBefore > 0, 'so many lines do not fit');
  const enough = answered() + FLOOD_REQUESTS;
  await eventually('more requests to be answered', () => answered() >= enough, PATIENCE_MS);
  assert.ok((await dropped()) >= droppedBefore + FLOOD_REQUESTS - CLIENTS, 'none of them is kept');
  const growth = (await metric('process_resident_memory_bytes')) - memoryBefore;
  assert.ok(growth < GROWTH_MIB * 1024 * 1024, `memory grew by ${Math.round(growth / 1024 / 1024)} MiB`);
  isFlooding = false;
  await Promise.all(flood);
  // What becomes of a line is counted after its answer, and before its connection is: the only one left is the one that asks.
  const isOver = async (): Promise<boolean> => (await metric('nginx_connections_active')) === 1;
  await eventually('every line to be counted', isOver, PATIENCE_MS);
  assert.ok(!program.log.some(({ msg }) => msg === LOST), 'nothing is said while it stalls');

  const buffer = Buffer.alloc(64 * 1024);
  let text = '';
  const said = (): number =>
    program.log.filter(({ msg }) => msg === LOST).reduce((sum, { lines: count }) => sum + Number(count), 0);
  const read = (): void => {
    try {
      text += buffer.toString('latin1', 0, readSync(reader, buffer));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
  };
  const total = await dropped();
  const isSaid = (): boolean => {
    read();
    return said() === total;
  };
  await eventually('every lost line to be said', isSaid, PATIENCE_MS);
  await program.get('/a/after');
  // Each worker writes its own.
  const rest = (): string[] | false => {
    read();
    const lines = text.split('\n').slice(0, -1);
    return lines.length >= answered() + 1 - total && lines;
  };
  const written = await eventually('every line that is not lost', rest, PATIENCE_MS);
  for (const line of written) assert.equal(JSON.parse(line).status, 200);
  assert.equal(written.length, answered() + 1 - total, 'every request is a line or a lost one');
  assert.ok(text.includes('/a/after'), 'a line after the stall');
});
