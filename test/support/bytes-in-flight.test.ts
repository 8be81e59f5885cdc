import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { carriesBytes, hasBytesInFlight } from './bytes-in-flight.ts';
import { eventually } from './eventually.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const [HERE, THERE] = ['0100007F:B289', '0100007F:C66E'];
const MORE_THAN_THE_KERNEL_TAKES = 64 << 20;
const OWN = new Set(['4711']);

interface Row {
  readonly inode?: string;
  readonly state?: string;
  readonly unacknowledged?: number;
  readonly timer?: string;
  readonly resent?: number;
}

function table({ inode = '4711', state = '01', unacknowledged = 1_000, timer = '01', resent = 0 }: Row): string {
  const queues = `${hex(unacknowledged)}:${hex(0)}`;
  const there = `   0: ${THERE} ${HERE} 01 ${hex(0)}:${hex(0)} 00:00000000 00000000     0        0 4712 2`;
  const here = `   1: ${HERE} ${THERE} ${state} ${queues} ${timer}:00000007 ${hex(resent)}     0        0 ${inode} 2`;
  return [HEAD, there, here, ''].join('\n');
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

describe('bytes in flight', () => {
  for (const [what, row, own, expected] of [
    ['bytes that are not acknowledged yet are in flight', {}, OWN, true],
    ['so are those of a peer of this process', {}, new Set(['4712']), true],
    ['and those that are sent again', { resent: 2 }, OWN, true],
    ['a receiver that has dropped them three times is held back by its reader', { resent: 3 }, OWN, false],
    ['a receiver without room is held back by its reader', { timer: '04' }, OWN, false],
    ['a connection without bytes carries none', { unacknowledged: 0, timer: '00' }, OWN, false],
    ['what is on its way to a server that does not answer does not count', { state: '02' }, OWN, false],
    ['other processes do not count', {}, new Set(['1']), false],
  ] as const) {
    it(what, () => assert.equal(carriesBytes(table(row), own), expected));
  }

  const skip = existsSync('/proc/net/tcp') ? false : 'only Linux has the table';
  it('what a reader holds back is not in flight', { skip }, async t => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    t.after(() => {
      client.destroy();
      accepted.destroy();
      server.close();
    });
    client.write(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES));
    await eventually('the connection to stand still', () => client.bytesWritten > 0 && !hasBytesInFlight());
    assert.ok(client.writableLength > 0);
  });
});
