/** Makes the first bytes of TLS clients, most of them right, some nearly so. */
import type { Random } from './random.ts';

const NAMES = [
  'example',
  'a.example',
  'A.Example',
  'a.example.',
  '',
  '..',
  'a_b.example',
  '127.0.0.1',
  'a b',
  '\xff',
  'é.example',
] as const;
/** Types that Go's parser looks into are absent: what is in them is not our matter. */
const UNKNOWN_EXTENSIONS = [21, 22, 9999, 0x0a0a, 0xfafa] as const;

export function makeHello(random: Random): Buffer {
  const extensions = Array.from({ length: random.below(5) }, () =>
    random.oneIn(2) ? extension(random.pick(UNKNOWN_EXTENSIONS), filler(random, 40)) : serverName(random),
  );
  const block = vector(random, 2, Buffer.concat(extensions));
  const fields = [
    Buffer.from([3, 3]),
    filler(random, 0, 32),
    vector(random, 1, random.oneIn(2) ? filler(random, 0, 32) : Buffer.alloc(0)),
    vector(random, 2, filler(random, 0, 2 * random.between(1, 30))),
    vector(random, 1, Buffer.from([0])),
    random.oneIn(20) ? Buffer.alloc(0) : block,
  ];
  const body = Buffer.concat(fields);
  const message = Buffer.concat([Buffer.from([random.oneIn(50) ? random.below(256) : 1]), vector(random, 3, body)]);
  return spoilt(random, records(random, message));
}

function serverName(random: Random): Buffer {
  const name = random.oneIn(30) ? 'x'.repeat(random.between(250, 260)) : random.pick(NAMES);
  const entry = Buffer.concat([
    Buffer.from([random.oneIn(40) ? 1 : 0]),
    vector(random, 2, Buffer.from(name, 'latin1')),
  ]);
  return extension(0, vector(random, 2, random.oneIn(40) ? Buffer.concat([entry, entry]) : entry));
}

function extension(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 0xff, value.length >> 8, value.length & 0xff]), value]);
}

/** Bytes behind their length, which is seldom wrong. */
function vector(random: Random, lengthBytes: number, value: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  const said = random.oneIn(200) ? value.length + random.between(-2, 2) : value.length;
  length.writeUIntBE(Math.max(0, Math.min(said, 2 ** (8 * lengthBytes) - 1)), 0, lengthBytes);
  return Buffer.concat([length, value]);
}

function filler(random: Random, most: number, size = random.below(most)): Buffer {
  return Buffer.from(random.text('ab\0\xff', size), 'latin1');
}

/** In one record as often as not. */
function records(random: Random, message: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; ) {
    const size = random.oneIn(2) ? message.length : random.between(1, 60);
    const part = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, random.below(4), part.length >> 8, part.length & 0xff]), part);
    at += size;
  }
  return Buffer.concat(parts);
}

/** With a byte changed, its end cut off, or others behind it. */
function spoilt(random: Random, bytes: Buffer): Buffer {
  if (!random.oneIn(3)) return bytes;
  const at = random.below(bytes.length);
  switch (random.below(3)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes, Buffer.from([22, 3, 1, 0, 1, 0])]);
    default: {
      const changed = Buffer.from(bytes);
      changed[random.oneIn(2) ? at : random.below(12) % bytes.length] = random.below(256);
      return changed;
    }
  }
}
