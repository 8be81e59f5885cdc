import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Error } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { needsHttp2Program } from '../support/http2-assets.ts';
import { campaign } from './campaign.ts';
import { makeBlocks } from './hpack-grammar.ts';
import { Oracle } from './oracle.ts';

const LANES = 64;
const TABLE_BYTES = 4096;
const NO_LIMITS = { bytes: Infinity, fields: Infinity };

/** What we refuse and Go takes: integers beyond 31 bits or in too many bytes, a size of an empty table behind fields. */
const STRICTER = ['an integer is too large', 'the size of the table changes behind a field'];

interface Reading {
  /** As the oracle says it: see ../assets/http2/oracle. */
  readonly text: string;
  /** The message of the error that ended the connection; empty without one. */
  readonly error: string;
}

function read(blocks: readonly Buffer[], limits = NO_LIMITS): Reading {
  const decoder = new HpackDecoder(TABLE_BYTES, limits);
  const lines: string[] = [];
  try {
    for (const block of blocks) {
      decoder.decode(block, 0, block.length, {
        field: ({ name, value, isNeverIndexed }) =>
          void lines.push(`${latin1Hex(name)}:${latin1Hex(value)}${isNeverIndexed ? ' never indexed' : ''}`),
      });
      lines.push('');
    }
    return { text: lines.join('|'), error: '' };
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    return { text: [...lines, '!'].join('|'), error: error.message };
  }
}

function latin1Hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** Go refuses a second size of the table before the fields, which RFC 7541 section 4.2 allows. */
function hasTwoSizes(block: Buffer): boolean {
  const isSize = (at: number): boolean => ((block[at] ?? 0) & 0xe0) === 0x20;
  if (!isSize(0)) return false;
  let at = 1;
  if (block[0] === 0x3f) {
    while ((block[at] ?? 0) >= 0x80) at += 1;
    at += 1;
  }
  return isSize(at);
}

const show = (blocks: readonly Buffer[]): string => blocks.map(block => block.toString('hex')).join(' | ');

test('header blocks are decoded as Go decodes them', needsHttp2Program('oracle'), async t => {
  using oracle = new Oracle('hpack');
  let refused = 0;
  await campaign(
    t,
    {
      make: makeBlocks,
      check: async blocks => {
        const { text, error } = read(blocks);
        const expected = await oracle.ask(blocks.map(block => block.toString('hex')).join(','));
        if (blocks.some(hasTwoSizes)) return;
        if (STRICTER.some(reason => error.includes(reason))) {
          refused += 1;
          assert.ok(expected.startsWith(text.slice(0, -1)));
        } else {
          assert.equal(text, expected, error);
        }
      },
      show,
    },
    LANES,
  );
  t.diagnostic(`${refused} refused that Go may take`);
});

test('limits hand on the first fields, and leave the table as it would be without them', async t => {
  await campaign(t, {
    make: random => ({ blocks: makeBlocks(random), limits: { bytes: random.below(3000), fields: random.below(10) } }),
    check: ({ blocks, limits }) => {
      const all = read(blocks);
      const limited = read(blocks, limits);
      assert.equal(limited.error, all.error);
      const expected = all.text.split('|');
      // Each field of the limited reading is the next one of its block.
      let at = 0;
      for (const line of limited.text.split('|')) {
        if (line === '' || line === '!') while (expected[at] !== line) at += 1;
        assert.equal(line, expected[at]);
        at += 1;
      }
    },
    show: ({ blocks, limits }) => `${JSON.stringify(limits)} ${show(blocks)}`,
  });
});
