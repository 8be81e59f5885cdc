import { FormatError } from '../errors.ts';

/** @returns the text @throws FormatError that does not repeat it: it may hold a password */
export function checkRedisUrl(text: string): string {
  const url = URL.parse(text);
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  if (!isRedis || url.hostname === '' || !/^\/?\d*$/.test(url.pathname)) {
    throw new FormatError(
      'not the URL of a Redis: write redis://HOST:PORT, or rediss:// for TLS, with USER:PASSWORD@ before the host where it asks for them',
    );
  }
  return text;
}

/** For people: without the password. */
export function maskRedisUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return '';
  if (url.password !== '') url.password = '***';
  return url.href;
}
