import type { RequestRecord } from './access-log.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** One line with its line end, in nginx's `combined` followed by the request id, or as JSON. */
export function formatLine(record: RequestRecord, format: 'combined' | 'json'): string {
  return format === 'json' ? jsonLine(record) : combinedLine(record);
}

function combinedLine(record: RequestRecord): string {
  return (
    `${record.remoteAddress} - ${field(record.remoteUser)} [${timeLocal(record.time)}] "${escapeField(record.requestLine)}" ` +
    `${record.status} ${record.bodyBytes} "${field(record.referer)}" "${field(record.userAgent)}" ${field(record.requestId)}\n`
  );
}

function jsonLine(record: RequestRecord): string {
  const { time, upstreamMs, durationMs, ...rest } = record;
  return `${JSON.stringify({
    time: new Date(time).toISOString(),
    ...rest,
    durationMs: round(durationMs),
    upstreamMs: Number.isNaN(upstreamMs) ? null : round(upstreamMs),
  })}\n`;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

function field(text: string): string {
  return text === '' ? '-' : escapeField(text);
}

const UNSAFE = /["\\\x00-\x1f\x7f-\u{10ffff}]/u;
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');

/** nginx's escape=default: `\xHH` for quote, backslash and everything outside printable ASCII. One line stays one line. */
export function escapeField(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replace(UNSAFE_ALL, character => {
    const code = character.charCodeAt(0);
    const bytes = code > 0xff ? [...Buffer.from(character)] : [code];
    return bytes.map(byte => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

let lastSecond = -1;
let lastTimeLocal = '';

/** nginx's `$time_local` in UTC: `21/Nov/2026:17:15:33 +0000`. Made once a second. */
function timeLocal(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    const iso = new Date(time).toISOString();
    const month = MONTHS[Number(iso.slice(5, 7)) - 1];
    lastTimeLocal = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  }
  return lastTimeLocal;
}
