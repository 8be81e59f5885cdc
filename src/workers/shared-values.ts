/** What routes share, by its place in lists of the packed text. */
export class SharedValues<T> {
  readonly #places = new Map<T, number>();

  get values(): T[] {
    return [...this.#places.keys()];
  }

  placeOf(value: T): number {
    const place = this.#places.get(value) ?? this.#places.size;
    this.#places.set(value, place);
    return place;
  }
}
