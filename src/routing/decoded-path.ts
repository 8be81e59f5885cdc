/**
 * The form of a request path in which nginx compares it with its locations: every escape is decoded, an encoded slash too, then
 * slashes are merged and dot segments resolved.
 */
import { hexByte, isNormal, resolveSegments } from './path.ts';

/**
 * @param path absolute, with valid escapes: normalisePath() has taken it
 * @returns bytes, a character each; undefined where encoded slashes let dot segments lead above the root
 */
export function decodePath(path: string): string | undefined {
  return isNormal(path, true) ? path : resolveSegments(decodeEscapes(path), true);
}

function decodeEscapes(path: string): string {
  let decoded = '';
  let copied = 0;
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', copied)) {
    decoded += path.slice(copied, at) + String.fromCharCode(hexByte(path, at + 1));
    copied = at + 3;
  }
  return decoded + path.slice(copied);
}

/** The decoded form of the path of one request after the other. It is worked out when it is first asked for: few routes need it. */
export class DecodedPath {
  #raw = '';
  #value: string | undefined;
  /** What {@link decodePath} says of the path has been asked for. */
  #isKnown = false;

  static of(path: string): DecodedPath {
    const decoded = new DecodedPath();
    decoded.set(path);
    return decoded;
  }

  /** @param path as for {@link decodePath} */
  set(path: string): void {
    this.#raw = path;
    this.#value = undefined;
    this.#isKnown = false;
  }

  /** As {@link decodePath}. */
  get value(): string | undefined {
    if (!this.#isKnown) {
      this.#value = decodePath(this.#raw);
      this.#isKnown = true;
    }
    return this.#value;
  }

  /** The value was asked for, and there is none. */
  get isRefused(): boolean {
    return this.#isKnown && this.#value === undefined;
  }
}
