/** Percent-encoding (RFC 3986 section 2.1) of texts whose characters are bytes, as those of messages of HTTP are. */

/** All but the unreserved characters. */
const RESERVED = /[^A-Za-z0-9\-._~]/g;

/** What no URL holds; and `#`, behind which a request would lack the rest. */
const ILLEGAL = /[^A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]/g;

/** A text that is one component of a URL, such as the value of a parameter. */
export function encodeComponent(text: string): string {
  return text.replace(RESERVED, encoded);
}

/** A text that is a part of a URL already, whatever it holds: nothing in it ends the URL. */
export function encodeIllegal(text: string): string {
  return text.replace(ILLEGAL, encoded);
}

function encoded(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
}
