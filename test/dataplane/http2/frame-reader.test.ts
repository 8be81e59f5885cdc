import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_PREFACE } from '../../../src/dataplane/http2/frames.ts';
import { frame, settings, uint32 } from '../../support/http2-frames.ts';
import { FrameLog } from './frame-log.ts';

const FIRST = frame(4, 0, 0);
const DEFAULTS = 'settings: 4096 Infinity 65535 16384 Infinity false';

/** What comes of frames behind the first SETTINGS. */
function read(...frames: readonly Buffer[]): string[] {
  const lines = new FrameLog().read([Buffer.concat([FIRST, ...frames])]);
  assert.equal(lines.shift(), DEFAULTS);
  return lines;
}

/** Each kind of frame once, and the lines they become. */
const EVERYTHING: readonly (readonly [bytes: Buffer, ...lines: string[]])[] = [
  [
    frame(4, 0, 0, settings([1, 0], [3, 7], [4, 8], [5, 20_000], [6, 9], [8, 1], [9, 1], [99, 1])),
    'settings: 0 7 8 20000 9 true',
  ],
  [frame(4, 1, 0), 'settings acknowledged'],
  [frame(1, 4, 1, 'block'), 'headers of 1: block'],
  [frame(1, 5, 3, 'block'), 'headers of 3: block at its end'],
  [frame(1, 0x2c, 5, '\x04prio5block\0\0\0\0'), 'headers of 5: block'],
  [
    Buffer.concat([frame(1, 9, 7, '\x01a\0'), frame(9, 0, 7), frame(9, 0, 7, 'b'), frame(9, 4, 7, 'c')]),
    'headers of 7: abc at its end',
  ],
  [frame(0, 0, 1, 'some'), 'DATA of 1: 4 bytes', 'data of 1: some'],
  [frame(0, 8, 1, '\x03more\0\0\0'), 'DATA of 1: 8 bytes', 'data of 1: more'],
  [frame(0, 9, 1, '\x03last\0\0\0'), 'DATA of 1: 8 bytes', 'data of 1: last', 'end of 1'],
  [frame(0, 9, 3, '\x02\0\0'), 'DATA of 3: 3 bytes', 'end of 3'],
  [frame(0, 8, 3, '\0'), 'DATA of 3: 1 bytes'],
  [frame(0, 1, 5), 'DATA of 5: 0 bytes', 'end of 5'],
  [frame(0, 0, 5), 'DATA of 5: 0 bytes'],
  [frame(2, 0, 1, 'prio5')],
  [frame(3, 0, 1, uint32(8)), 'reset of 1: 8'],
  [frame(6, 0, 0, '12345678'), 'ping 12345678'],
  [frame(6, 1, 0, '12345678'), 'ping acknowledged 12345678'],
  [frame(7, 0, 0, Buffer.concat([uint32(0x8000_0005), uint32(2), Buffer.from('why')])), 'goaway 5 2'],
  [frame(8, 0, 0, uint32(0x8000_0001)), 'window of 0: 1'],
  [frame(8, 0, 3, uint32(0x7fff_ffff)), `window of 3: ${0x7fff_ffff}`],
  [frame(0x10, 0, 0, Buffer.concat([uint32(3), Buffer.from('u=1, i')])), 'priority of 3: u=1, i'],
  [frame(0x0a, 0xff, 9, 'unknown')],
  [frame(0xff, 0xff, 0)],
  [frame(6, 0, 0x8000_0000, '87654321'), 'ping 87654321'],
];

const ALL_BYTES = Buffer.concat(EVERYTHING.map(([bytes]) => bytes));
const ALL_LINES = EVERYTHING.flatMap(([, ...lines]) => lines);

test('each kind of frame is handed on', () => {
  for (const [bytes, ...lines] of EVERYTHING) assert.deepEqual(read(bytes), lines);
});

test('frames are read the same wherever they are cut', () => {
  const bytes = Buffer.concat([CLIENT_PREFACE, FIRST, ALL_BYTES]);
  const expected = [DEFAULTS, ...ALL_LINES];
  for (let cut = 1; cut < bytes.length; cut += 1) {
    assert.deepEqual(new FrameLog(true).read([bytes.subarray(0, cut), bytes.subarray(cut)]), expected, `cut at ${cut}`);
  }
  const byteByByte = Array.from(bytes, byte => Buffer.from([byte]));
  assert.deepEqual(new FrameLog(true).read(byteByByte), expected);
});

test('data is handed on where it was read', () => {
  const log = new FrameLog();
  const pieces: (readonly [Buffer, number, number])[] = [];
  log.data = (_stream, bytes, start, end) => void pieces.push([bytes, start, end]);
  const bytes = Buffer.concat([FIRST, frame(0, 0, 1, 'x'.repeat(100))]);
  log.reader.read(bytes, 50);
  assert.deepEqual(pieces, [[bytes, 18, 50]]);
  assert.equal(log.memory.kept, 0);
});

test('what is kept of an incomplete frame is freed with it', () => {
  const log = new FrameLog();
  log.read([FIRST, frame(1, 0, 1, 'x'.repeat(10_000)), frame(9, 0, 1, 'y').subarray(0, 5)]);
  assert.equal(log.reader.isMidway, true);
  assert.ok(log.memory.kept > 10_000);
  log.read([frame(9, 0, 1, 'y').subarray(5), frame(9, 4, 1, 'z')]);
  assert.equal(log.reader.isMidway, false);
  assert.equal(log.memory.kept, 0);
  log.read([frame(6, 0, 0, '12345678').subarray(0, 12)]);
  log.reader.stop();
  assert.equal(log.memory.kept, 0);
});

test('nothing is read behind the frame that stops the reader', () => {
  const log = new FrameLog();
  const pings: string[] = [];
  log.ping = (bytes, at) => {
    pings.push(bytes.toString('latin1', at, at + 8));
    log.reader.stop();
  };
  log.read([
    Buffer.concat([FIRST, frame(6, 0, 0, '12345678'), frame(6, 0, 0, '87654321')]),
    frame(6, 0, 0, 'laterone'),
  ]);
  assert.deepEqual(pings, ['12345678']);
});

/** Connection errors of RFC 9113 sections 4 and 6: what comes, and the error. */
const WRONG: readonly (readonly [what: string, frames: readonly Buffer[], error: string])[] = [
  ['a frame larger than we allow', [frame(0, 0, 1, '', 16_385)], 'FRAME_SIZE_ERROR: DATA of 16385 bytes'],
  [
    'an unknown frame larger than we allow',
    [frame(99, 0, 1, '', 16_385)],
    'FRAME_SIZE_ERROR: a frame of type 99 of 16385 bytes',
  ],
  ['DATA on stream 0', [frame(0, 0, 0, 'x')], 'PROTOCOL_ERROR: DATA on stream 0'],
  ['DATA without its padding length', [frame(0, 8, 1)], 'FRAME_SIZE_ERROR: DATA of 0 bytes'],
  ['DATA that is all padding, and more', [frame(0, 8, 1, '\x01')], 'PROTOCOL_ERROR: DATA with more padding than bytes'],
  ['HEADERS on stream 0', [frame(1, 4, 0, 'x')], 'PROTOCOL_ERROR: HEADERS on stream 0'],
  ['HEADERS without its priority', [frame(1, 0x24, 1, 'prio')], 'FRAME_SIZE_ERROR: HEADERS of 4 bytes'],
  [
    'HEADERS with more padding than bytes',
    [frame(1, 0xc, 1, '\x02x')],
    'PROTOCOL_ERROR: HEADERS with more padding than bytes',
  ],
  [
    'HEADERS whose priority is padding',
    [frame(1, 0x2c, 1, '\x01prio5')],
    'PROTOCOL_ERROR: HEADERS with more padding than bytes',
  ],
  ['PRIORITY on stream 0', [frame(2, 0, 0, 'prio5')], 'PROTOCOL_ERROR: PRIORITY on stream 0'],
  ['RST_STREAM on stream 0', [frame(3, 0, 0, uint32(0))], 'PROTOCOL_ERROR: RST_STREAM on stream 0'],
  ['RST_STREAM of 3 bytes', [frame(3, 0, 1, 'abc')], 'FRAME_SIZE_ERROR: RST_STREAM of 3 bytes'],
  ['SETTINGS on a stream', [frame(4, 0, 1)], 'PROTOCOL_ERROR: SETTINGS on stream 1'],
  ['an acknowledgement with settings', [frame(4, 1, 0, settings([1, 1]))], 'FRAME_SIZE_ERROR: SETTINGS of 6 bytes'],
  ['half a setting', [frame(4, 0, 0, 'abc')], 'FRAME_SIZE_ERROR: SETTINGS of 3 bytes'],
  ['ENABLE_PUSH of 2', [frame(4, 0, 0, settings([2, 2]))], 'PROTOCOL_ERROR: ENABLE_PUSH is set to 2'],
  ['a window of 2^31', [frame(4, 0, 0, settings([4, 2 ** 31]))], 'FLOW_CONTROL_ERROR: an initial window of 2147483648'],
  ['frames of 16383', [frame(4, 0, 0, settings([5, 16_383]))], 'PROTOCOL_ERROR: MAX_FRAME_SIZE is set to 16383'],
  ['frames of 2^24', [frame(4, 0, 0, settings([5, 2 ** 24]))], 'PROTOCOL_ERROR: MAX_FRAME_SIZE is set to 16777216'],
  [
    'ENABLE_CONNECT_PROTOCOL of 2',
    [frame(4, 0, 0, settings([8, 2]))],
    'PROTOCOL_ERROR: ENABLE_CONNECT_PROTOCOL is set to 2',
  ],
  [
    'ENABLE_CONNECT_PROTOCOL switched off',
    [frame(4, 0, 0, settings([8, 1])), frame(4, 0, 0, settings([8, 0]))],
    'PROTOCOL_ERROR: ENABLE_CONNECT_PROTOCOL is set to 0',
  ],
  [
    'NO_RFC7540_PRIORITIES of 2',
    [frame(4, 0, 0, settings([9, 2]))],
    'PROTOCOL_ERROR: NO_RFC7540_PRIORITIES is set to 2',
  ],
  ['PUSH_PROMISE', [frame(5, 4, 1, 'xxxx')], 'PROTOCOL_ERROR: PUSH_PROMISE'],
  ['PING on a stream', [frame(6, 0, 1, '12345678')], 'PROTOCOL_ERROR: PING on stream 1'],
  ['PING of 7 bytes', [frame(6, 0, 0, '1234567')], 'FRAME_SIZE_ERROR: PING of 7 bytes'],
  ['GOAWAY on a stream', [frame(7, 0, 1, '12345678')], 'PROTOCOL_ERROR: GOAWAY on stream 1'],
  ['GOAWAY of 7 bytes', [frame(7, 0, 0, '1234567')], 'FRAME_SIZE_ERROR: GOAWAY of 7 bytes'],
  ['WINDOW_UPDATE of 5 bytes', [frame(8, 0, 1, '12345')], 'FRAME_SIZE_ERROR: WINDOW_UPDATE of 5 bytes'],
  ['WINDOW_UPDATE of 0', [frame(8, 0, 0, uint32(0))], 'PROTOCOL_ERROR: WINDOW_UPDATE of 0 on stream 0'],
  ['PRIORITY_UPDATE on a stream', [frame(0x10, 0, 1, uint32(1))], 'PROTOCOL_ERROR: PRIORITY_UPDATE on stream 1'],
  [
    'PRIORITY_UPDATE for the connection',
    [frame(0x10, 0, 0, uint32(0))],
    'PROTOCOL_ERROR: PRIORITY_UPDATE for stream 0',
  ],
  ['PRIORITY_UPDATE of 3 bytes', [frame(0x10, 0, 0, 'abc')], 'FRAME_SIZE_ERROR: PRIORITY_UPDATE of 3 bytes'],
  ['CONTINUATION alone', [frame(9, 4, 1, 'x')], 'PROTOCOL_ERROR: CONTINUATION of no header block'],
  [
    'CONTINUATION of another stream',
    [frame(1, 0, 1, 'x'), frame(9, 4, 3, 'x')],
    'PROTOCOL_ERROR: CONTINUATION of no header block',
  ],
  [
    'DATA within a header block',
    [frame(1, 0, 1, 'x'), frame(0, 0, 1, 'x')],
    'PROTOCOL_ERROR: DATA within a header block',
  ],
  [
    'an unknown frame within a header block',
    [frame(1, 0, 1, 'x'), frame(99, 0, 1, 'x')],
    'PROTOCOL_ERROR: a frame of type 99 within a header block',
  ],
  [
    'nine CONTINUATION frames',
    [frame(1, 0, 1, 'x'), ...Array.from({ length: 9 }, () => frame(9, 0, 1))],
    'ENHANCE_YOUR_CALM: a header block of too many frames or bytes',
  ],
  [
    'a header block of more than 32 KiB, before its last frame has come',
    [frame(1, 0, 1, 'x'.repeat(16_384)), frame(9, 0, 1, 'x'.repeat(16_384)), frame(9, 0, 1, 'x').subarray(0, 9)],
    'ENHANCE_YOUR_CALM: a header block of too many frames or bytes',
  ],
];

test('what a connection cannot go on with ends it, with the right code', () => {
  for (const [what, frames, error] of WRONG) {
    const log = new FrameLog();
    const lines = log.read([Buffer.concat([FIRST, ...frames])]);
    assert.equal(lines.at(-1), error, what);
    log.reader.stop();
    assert.equal(log.memory.kept, 0, what);
  }
});

test('what is wrong with one stream leaves the connection as it is', () => {
  assert.deepEqual(read(frame(8, 0, 5, uint32(0)), frame(2, 0, 7, 'prio'), frame(6, 0, 0, '12345678')), [
    'failure of 5: 1 WINDOW_UPDATE of 0',
    'failure of 7: 6 PRIORITY of 4 bytes',
    'ping 12345678',
  ]);
});

test('eight CONTINUATION frames and 32 KiB are not too many', () => {
  const lines = read(
    frame(1, 0, 1, 'x'.repeat(16_384)),
    ...Array.from({ length: 7 }, () => frame(9, 0, 1)),
    frame(9, 4, 1, 'x'.repeat(16_384)),
  );
  assert.deepEqual(lines, [`headers of 1: ${'x'.repeat(32_768)}`]);
});

test('SETTINGS come first, behind the preface', () => {
  assert.deepEqual(new FrameLog().read([frame(6, 0, 0, '12345678')]), ['PROTOCOL_ERROR: PING before SETTINGS']);
  assert.deepEqual(new FrameLog().read([frame(4, 1, 0)]), ['PROTOCOL_ERROR: SETTINGS before SETTINGS']);
  assert.deepEqual(new FrameLog(true).read([FIRST]), ['PROTOCOL_ERROR: no preface']);
  assert.deepEqual(new FrameLog(true).read([CLIENT_PREFACE.subarray(0, 10), Buffer.from('GET')]), [
    'PROTOCOL_ERROR: no preface',
  ]);
});
