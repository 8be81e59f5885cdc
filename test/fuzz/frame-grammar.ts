/** Makes frames of one connection, most of them right, some nearly so. */
import { frame, settings, uint32 } from '../support/http2-frames.ts';
import type { Random } from './random.ts';

const STREAMS = [1, 3, 5] as const;
const SETTING_IDS = [1, 2, 3, 4, 5, 6, 8, 9, 77] as const;
const SETTING_VALUES = [0, 1, 2, 100, 16_383, 16_384, 65_535, 2 ** 24 - 1, 2 ** 24, 2 ** 31 - 1, 2 ** 31] as const;
const TEXT = 'abc\0\xff';

/** Frames behind the preface; SETTINGS come first. */
export function makeFrames(random: Random): Buffer {
  const frames = [frame(4, 0, 0, random.oneIn(2) ? '' : makeSettings(random))];
  for (let count = random.below(12); count > 0; count -= 1) frames.push(makeFrame(random));
  return Buffer.concat(frames.map(bytes => (random.oneIn(60) ? spoilt(random, bytes) : bytes)));
}

function makeFrame(random: Random): Buffer {
  const stream = random.oneIn(60) ? 0 : random.pick(STREAMS);
  const ends = random.below(2);
  switch (random.below(10)) {
    case 0:
    case 1:
      return padded(random, 0, ends, stream, makeText(random));
    case 2:
    case 3:
      return makeHead(random, ends, stream);
    case 4:
      return random.oneIn(2) ? frame(2, 0, stream, 'prio5') : frame(3, 0, stream, uint32(random.below(16)));
    case 5:
      return random.oneIn(3) ? frame(4, 1, 0) : frame(4, 0, 0, makeSettings(random));
    case 6:
      return frame(6, ends, 0, random.text(TEXT, 8));
    case 7:
      return frame(7, 0, 0, Buffer.concat([uint32(stream), uint32(ends), Buffer.from(makeText(random), 'latin1')]));
    case 8:
      return frame(8, 0, random.oneIn(2) ? 0 : stream, uint32(random.oneIn(30) ? 0 : random.below(2 ** 32)));
    default:
      return frame(random.between(0x11, 0xff), random.below(256), random.below(4), makeText(random));
  }
}

/** HEADERS, and CONTINUATION as often as not. */
function makeHead(random: Random, ends: number, stream: number): Buffer {
  if (random.oneIn(2)) return padded(random, 1, ends | 4, stream, makeText(random));
  const rest = Array.from({ length: random.between(1, 9) }, () => frame(9, 0, stream, makeText(random)));
  const last = random.oneIn(30) ? [] : [frame(9, 4, stream, makeText(random))];
  return Buffer.concat([padded(random, 1, ends, stream, makeText(random)), ...rest, ...last]);
}

/** With padding and a priority, if the type may have them. */
function padded(random: Random, type: number, flags: number, stream: number, text: string): Buffer {
  const hasPriority = type === 1 && random.oneIn(3);
  const content = hasPriority ? `prio5${text}` : text;
  const withPriority = hasPriority ? flags | 0x20 : flags;
  if (random.oneIn(2)) return frame(type, withPriority, stream, content);
  const padding = random.below(20);
  const said = random.oneIn(30) ? random.below(256) : padding;
  return frame(type, withPriority | 8, stream, `${String.fromCharCode(said)}${content}${'\0'.repeat(padding)}`);
}

function makeSettings(random: Random): Buffer {
  // The values that a setting may not have are among them, and seldom enough for most frames to be right.
  const pair = (): readonly [number, number] =>
    random.oneIn(8)
      ? [random.pick(SETTING_IDS), random.pick(SETTING_VALUES)]
      : [random.pick([1, 3, 6, 77]), random.below(2 ** 32)];
  return settings(...Array.from({ length: random.below(4) }, pair));
}

function makeText(random: Random): string {
  if (random.oneIn(200)) return random.text(TEXT, random.between(16_370, 16_390));
  return random.text(TEXT, random.oneIn(4) ? 0 : random.below(30));
}

/** With a byte of it changed, or its end cut off. */
function spoilt(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  if (random.oneIn(4)) return bytes.subarray(0, at);
  const changed = Buffer.from(bytes);
  changed[random.oneIn(2) ? at : random.below(9)] = random.below(256);
  return changed;
}
