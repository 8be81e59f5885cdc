/** So many are remembered: the nodes of the largest clusters, with their zones, Services' namespaces and ports. */
const MOST = 16_384;

/** Gives equal strings, and equal lists of strings, one place in memory. */
export class SharedStrings {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  text(text: string): string {
    return remembered(this.#texts, text, text);
  }

  /** @param texts without line breaks */
  list(texts: readonly string[]): readonly string[] {
    return remembered(this.#lists, texts.join('\n'), texts);
  }
}

/** What is beyond the limit begins anew: values that never return must not fill the memory. */
function remembered<T>(known: Map<string, T>, key: string, value: T): T {
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  if (known.size >= MOST) known.clear();
  known.set(key, value);
  return value;
}
