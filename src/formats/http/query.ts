/**
 * The value of a parameter as it stands in the query, escapes and all, as nginx's `$arg_NAME` gives it; empty where it is not there.
 * Of several, the first counts. @param query with or without its question mark
 */
export function queryValue(query: string, name: string): string {
  for (let start = query.startsWith('?') ? 1 : 0, end = 0; start < query.length; start = end + 1) {
    end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    const equals = start + name.length;
    if (query[equals] === '=' && equals < end && query.startsWith(name, start)) return query.slice(equals + 1, end);
  }
  return '';
}
