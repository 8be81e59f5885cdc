/** Entries of a shard, on average, before there are more shards: so much is copied for a change, besides the list of shards. */
const FULL = 128;
/** Fewer on average, and there are fewer shards again. */
const SPARSE = 16;
/** At most this many characters of a key are hashed, so that long keys cost no more. */
const HASHED = 32;

/**
 * An immutable map with texts for keys that is cheap to change, however large it is: the changed one shares with the
 * former all shards that hold no change. While it is small it is one Map.
 */
export class ShardedMap<V> {
  static readonly #EMPTY = new ShardedMap<never>([new Map<string, never>()], 0);

  readonly size: number;
  /** A power of two of them. */
  readonly #shards: readonly ReadonlyMap<string, V>[];

  private constructor(shards: readonly ReadonlyMap<string, V>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static empty<V>(): ShardedMap<V> {
    return ShardedMap.#EMPTY;
  }

  get(key: string): V | undefined {
    const shards = this.#shards;
    return shards[shards.length === 1 ? 0 : shardOf(key, shards.length)]?.get(key);
  }

  *entries(): Generator<[string, V]> {
    for (const shard of this.#shards) yield* shard;
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  /** @param changes new values by key; undefined takes a key out */
  with(changes: ReadonlyMap<string, V | undefined>): ShardedMap<V> {
    if (changes.size === 0) return this;
    // The number of shards fits the final size from the start: growing step by step would copy the map many times.
    const { shards, owned } = this.#opened(shardsFor(this.size + changes.size, this.#shards.length));
    let { size } = this;
    for (const [key, value] of changes) {
      const index = shardOf(key, shards.length);
      let shard = owned.get(index);
      if (shard === undefined) {
        shard = new Map(shards[index]);
        owned.set(index, shard);
        shards[index] = shard;
      }
      size -= shard.size;
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
      size += shard.size;
    }
    return new ShardedMap(shards, size);
  }

  /** Makes a list of so many shards with the entries of this map, and the set of those shards that no other map shares. */
  #opened(count: number): { shards: ReadonlyMap<string, V>[]; owned: Map<number, Map<string, V>> } {
    if (count === this.#shards.length) return { shards: [...this.#shards], owned: new Map() };
    const shards = Array.from({ length: count }, () => new Map<string, V>());
    for (const [key, value] of this.entries()) shards[shardOf(key, count)]?.set(key, value);
    return { shards, owned: new Map(shards.entries()) };
  }
}

/** Hysteresis: the limits of growing and shrinking are far apart, so that small changes of size never re-shard. */
function shardsFor(size: number, present: number): number {
  if (size <= present * FULL && (present === 1 || size >= present * SPARSE)) return present;
  let count = 1;
  while (size * 2 > count * FULL) count *= 2;
  return count;
}

/** FNV-1a of the key, or of characters at even distances in a long one. */
function shardOf(key: string, count: number): number {
  const { length } = key;
  const step = Math.ceil(length / HASHED);
  let hash = 0x811c9dc5;
  for (let index = length - 1; index >= 0; index -= step) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) & (count - 1);
}
