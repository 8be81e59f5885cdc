import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClientHello } from '../../src/dataplane/transport/tls/client-hello.ts';
import { needsHttp2Program } from '../support/http2-assets.ts';
import { campaign } from './campaign.ts';
import { makeHello } from './client-hello-grammar.ts';
import { Oracle } from './oracle.ts';
import { cut, pieces, type Stream, show, simpler } from './stream.ts';

const LANES = 64;

/** Our reading in the words of the oracle: see ../assets/http2/oracle. */
function read(bytes: Buffer): string {
  const hello = readClientHello(bytes, bytes.length);
  if (hello === undefined) return 'more';
  return typeof hello === 'string' ? 'bad' : `name ${hello.serverName}`;
}

/** A name that a host can have, in lower case; empty for another, as if there were none. */
function hostOf(name: string): string {
  return name.length <= 253 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(name) ? name.toLowerCase() : '';
}

test('ClientHellos are read as Go reads them', needsHttp2Program('oracle'), async t => {
  using oracle = new Oracle('hello');
  const count = { taken: 0, stricter: 0, laxer: 0 };
  await campaign(
    t,
    {
      make: makeHello,
      check: async bytes => {
        const ours = read(bytes);
        const [theirs = '', hex = ''] = (await oracle.ask(bytes.toString('hex'))).split(' ');
        if (theirs === 'name' && ours.startsWith('name ')) {
          count.taken += 1;
          assert.equal(ours, `name ${hostOf(Buffer.from(hex, 'hex').toString('latin1'))}`);
        } else if (theirs === 'name') {
          // Go takes messages behind the hello in its record, and records of other types later.
          count.stricter += 1;
          assert.equal(ours, 'bad');
        } else if (ours.startsWith('name ')) {
          // OpenSSL looks at the rest: a name with a dot at its end, versions, what is in an extension.
          count.laxer += 1;
          assert.equal(theirs, 'bad');
        } else if (ours === 'more') {
          assert.equal(theirs, 'more');
        }
      },
      show: bytes => bytes.toString('hex'),
    },
    LANES,
  );
  t.diagnostic(JSON.stringify(count));
  assert.ok(count.taken > 3 * (count.stricter + count.laxer), JSON.stringify(count));
});

test('a ClientHello in any pieces is read as it is read whole', async t => {
  await campaign(t, {
    make: random => cut(random, makeHello(random)),
    check: (stream: Stream) => {
      let came: Buffer = Buffer.alloc(0);
      let outcome = 'more';
      for (const piece of pieces(stream)) {
        came = Buffer.concat([came, piece]);
        if (outcome === 'more') outcome = read(came);
      }
      assert.equal(outcome, read(stream.bytes));
    },
    show,
    simpler,
  });
});
