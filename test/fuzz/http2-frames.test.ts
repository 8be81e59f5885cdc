import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsHttp2Program } from '../support/http2-assets.ts';
import { campaign } from './campaign.ts';
import { makeFrames } from './frame-grammar.ts';
import { Oracle } from './oracle.ts';
import { FrameNotes } from './read-frames.ts';
import { byteByByte, cut, show, simpler } from './stream.ts';

const LANES = 64;

/** What we refuse and Go's reader of frames takes, or leaves to others. */
const STRICTER = [
  'before SETTINGS',
  'PUSH_PROMISE',
  'PRIORITY_UPDATE',
  'ENABLE_CONNECT_PROTOCOL',
  'NO_RFC7540_PRIORITIES',
  'a header block of too many frames or bytes',
  // Go's reader ends without a code here.
  'FRAME_SIZE_ERROR: DATA of',
  'FRAME_SIZE_ERROR: HEADERS of',
];

const isError = (line: string | undefined): boolean => line !== undefined && /error \d+$/.test(line);

/** Whether the bytes end amid a frame. Go looks at a frame when it is whole; we look at its head at once. */
function isCutOff(bytes: Buffer): boolean {
  let at = 0;
  while (at + 9 <= bytes.length) at += 9 + bytes.readUIntBE(at, 3);
  return at !== bytes.length;
}

/** Two errors for one frame: RFC 9113 does not say which comes first, and of HEADERS with too much padding Go ends the stream. */
function areAlike(ours: string | undefined, theirs: string | undefined): boolean {
  return isError(ours) && /error [136]$/.test(theirs ?? '');
}

function compare({ lines, error }: FrameNotes, theirs: readonly string[], bytes: Buffer): void {
  for (const [index, line] of lines.entries()) {
    const their = theirs[index];
    if (line === their) {
      // Go's reader ends with the stream's error; ours goes on.
      if (isError(line)) return;
      continue;
    }
    const isLast = index === lines.length - 1;
    if (isLast && STRICTER.some(reason => error.includes(reason))) return;
    if (areAlike(line, their)) return;
    // DATA whose end has not come, or whose padding is wrong.
    if (line.startsWith('data ') && (isLast || isError(lines[index + 1])) && (their === undefined || isError(their)))
      return;
    assert.ok(
      isLast && isError(line) && their === undefined && isCutOff(bytes),
      `${line} is ${their} for Go: ${error}`,
    );
    return;
  }
  assert.equal(theirs.length, lines.length);
}

test('frames are read as Go reads them', needsHttp2Program('oracle'), async t => {
  using oracle = new Oracle('frames');
  await campaign(
    t,
    {
      make: random => ({ bytes: makeFrames(random), cuts: [] }),
      check: async stream => {
        const notes = FrameNotes.of(stream);
        const answer = await oracle.ask(stream.bytes.toString('hex'));
        compare(notes, answer === '' ? [] : answer.split('|'), stream.bytes);
      },
      show: ({ bytes }) => bytes.toString('hex'),
    },
    LANES,
  );
});

test('frames in any pieces are read as they are read whole', async t => {
  await campaign(t, {
    make: random => cut(random, makeFrames(random)),
    check: stream => {
      const whole = FrameNotes.of({ bytes: stream.bytes, cuts: [] });
      const isShort = stream.cuts.length === 0 && stream.bytes.length < 600;
      const inPieces = FrameNotes.of(isShort ? byteByByte(stream.bytes) : stream);
      assert.deepEqual(inPieces.lines, whole.lines);
      assert.equal(inPieces.error, whole.error);
    },
    show,
    simpler,
  });
});
