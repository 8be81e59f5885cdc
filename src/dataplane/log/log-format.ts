import type { RequestRecord } from './request-record.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * One line of printable ASCII with its line end: JSON, or nginx's `combined`, followed by what that does not know:
 * `$request_id $request_length $request_time NAMESPACE/SERVICE ROUTE $upstream_addr $upstream_status
 * $upstream_response_time REASON`. What reads combined lines stops before these.
 */
export function formatLine(record: RequestRecord, format: 'combined' | 'json'): string {
  return format === 'json' ? jsonLine(record) : combinedLine(record);
}

function combinedLine(record: RequestRecord): string {
  const { remoteUser, requestLine, status, bodyBytes, requestId } = record;
  // The request id has been validated or made here, what follows it comes from the route table.
  return (
    `${record.remoteAddress} - ${field(remoteUser)} [${timeLocal(record.time)}] "${escapeField(requestLine)}" ` +
    `${status} ${bodyBytes} "${field(record.referer)}" "${field(record.userAgent)}" ${requestId || '-'} ` +
    `${record.requestBytes} ${seconds(record.durationMs)} ${record.service || '-'} ${field(record.routePath)} ` +
    `${record.earlierAttempts.length === 0 ? lastAttempt(record) : allAttempts(record)} ${record.reason}\n`
  );
}

/** `$upstream_addr $upstream_status $upstream_response_time` */
function lastAttempt({ upstream, upstreamStatus, upstreamMs }: RequestRecord): string {
  return `${upstream || '-'} ${upstreamStatus || '-'} ${seconds(upstreamMs)}`;
}

/** The same as nginx writes them after a retry: each a list, with a comma and a space between the tries. */
function allAttempts({ earlierAttempts, upstream, upstreamStatus, upstreamMs }: RequestRecord): string {
  const upstreams = [...earlierAttempts.map(attempt => attempt.upstream), upstream];
  const statuses = [...earlierAttempts.map(() => '-'), upstreamStatus || '-'];
  const times = [...earlierAttempts.map(attempt => seconds(attempt.ms)), seconds(upstreamMs)];
  return `${upstreams.join(', ')} ${statuses.join(', ')} ${times.join(', ')}`;
}

/** What follows the point. Written out once: toFixed() would take longer than the rest of the line's numbers. */
const THOUSANDTHS: readonly string[] = Array.from({ length: 1000 }, (_, index) => `.${String(index).padStart(3, '0')}`);

/** nginx's times: seconds, to the millisecond. A dash for NaN. */
function seconds(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  return whole >= 0 ? `${Math.floor(whole / 1000)}${THOUSANDTHS[whole % 1000]}` : '-';
}

const NOT_ASCII = /[\x7f-\uffff]/;
const NOT_ASCII_ALL = new RegExp(NOT_ASCII, 'g');

function jsonLine(record: RequestRecord): string {
  const { time, upstreamMs, durationMs, earlierAttempts, ...rest } = record;
  const line = `${JSON.stringify({
    time: new Date(time).toISOString(),
    ...rest,
    durationMs: round(durationMs),
    upstreamMs: Number.isNaN(upstreamMs) ? null : round(upstreamMs),
    // Only where there were any: it is rare, and a line should be short.
    ...(earlierAttempts.length > 0 && {
      earlierAttempts: earlierAttempts.map(({ upstream, ms }) => ({ upstream, ms: round(ms) })),
    }),
  })}\n`;
  // JSON.stringify() lets C1 controls and the like pass, which a terminal that shows the log would obey.
  if (!NOT_ASCII.test(line)) return line;
  return line.replace(NOT_ASCII_ALL, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
