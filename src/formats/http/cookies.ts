/** The value of a cookie in the Cookie header (RFC 6265 section 5.4); empty where it is not there. Of several, the first counts. */
export function cookieValue(header: string, name: string): string {
  for (let start = 0, end = 0; start < header.length; start = end + 1) {
    end = header.indexOf(';', start);
    if (end < 0) end = header.length;
    while (header[start] === ' ') start += 1;
    const equals = start + name.length;
    if (header[equals] === '=' && equals < end && header.startsWith(name, start))
      return header.slice(equals + 1, end).trimEnd();
  }
  return '';
}
