/** h2spec's cases without h2spec: what the program itself says stands in h2spec.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Http2Client } from '../support/http2-client.ts';
import { H2SPEC_CASES, type H2SpecCase } from './h2spec-cases.ts';
import { scene } from './scene.ts';

const ACK = 1;
const PING = 6;

async function outcome(client: Http2Client, { expected, bytes }: H2SpecCase): Promise<void> {
  client.send(...bytes);
  if (expected === 'answer') {
    assert.equal((await client.response(1)).status, 200);
  } else if (expected === 'pong') {
    const pong = await client.until('an answer to PING', () => client.ofType(PING).find(({ flags }) => flags === ACK));
    assert.match(pong.payload.toString(), /^ping0/);
  } else if ('connection' in expected) {
    assert.ok(expected.connection.includes(await client.goaway()), `${client.goawayCode}`);
  } else {
    const code = await client.until('an error', () => client.stream(1).resetCode ?? client.goawayCode);
    assert.ok(expected.stream.includes(code), `${code}`);
  }
}

describe("h2spec's cases", { timeout: 600_000 }, () => {
  for (const section of new Set(H2SPEC_CASES.map(each => each.section))) {
    const cases = H2SPEC_CASES.filter(each => each.section === section);
    it(`${section}: ${cases.length} cases`, async t => {
      const { proxy } = await scene(t, {
        // What is half closed stays so while the next frame comes.
        upstream: async request => {
          await request.whole();
          await new Promise(resolve => setTimeout(resolve, 50));
          await request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        },
      });
      for (const one of cases) {
        const client = await Http2Client.connect(t, proxy.address);
        await outcome(client, one).catch(error => {
          throw new Error(`${one.what}: ${error}`);
        });
        client.socket.destroy();
      }
    });
  }
});
