/** Refresh, which HTML defines ("shared declarative refresh steps"): `5`, `5; url=/x`, `0,URL='/x'`, `5 /x`. */

/** The field value with another URL; unchanged where it has none. */
export function mapRefreshUrl(value: string, map: (url: string) => string): string {
  const time = /^[\t\n\f\r ]*[\d.]+(?=[\t\n\f\r ;,])[\t\n\f\r ]*[;,]?[\t\n\f\r ]*/.exec(value)?.[0];
  if (time === undefined) return value;
  const named = /^url[\t\n\f\r ]*=[\t\n\f\r ]*/i.exec(value.slice(time.length))?.[0] ?? '';
  const start = time.length + named.length;
  const quote = /^['"]/.exec(value.slice(start))?.[0] ?? '';
  const urlStart = start + quote.length;
  const close = quote === '' ? -1 : value.indexOf(quote, urlStart);
  const urlEnd = close < 0 ? value.length : close;
  if (urlStart >= urlEnd) return value;
  return value.slice(0, urlStart) + map(value.slice(urlStart, urlEnd)) + value.slice(urlEnd);
}
