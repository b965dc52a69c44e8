/**
 * A binary heap of candidates, the one to place on next at its root. Each candidate knows its position, so that one whose
 * keys have changed, or that no longer fits, is moved or taken out in O(log n).
 */
export interface HeapEntry {
  /** Lower first, compared in order. Changed only between a removal (or nothing) and the `put` that follows. */
  keys: number[];
  /** Where it is in its heap; -1: in none. */
  position: number;
}

function comesBefore(a: HeapEntry, b: HeapEntry): boolean {
  for (let level = 0; level < a.keys.length; level++) {
    const difference = (a.keys[level] as number) - (b.keys[level] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

export class CandidateHeap<Entry extends HeapEntry> {
  readonly #entries: Entry[] = [];

  get best(): Entry | undefined {
    return this.#entries[0];
  }

  /** Adds it, or moves it to where its keys now belong. */
  put(entry: Entry): void {
    if (entry.position === -1) entry.position = this.#entries.push(entry) - 1;
    this.#sink(entry, this.#rise(entry));
  }

  remove(entry: Entry): void {
    if (entry.position === -1) return;
    const last = this.#entries.pop() as Entry;
    if (last !== entry) {
      last.position = entry.position;
      this.#entries[last.position] = last;
      this.#sink(last, this.#rise(last));
    }
    entry.position = -1;
  }

  /** The index at which it came to rest. */
  #rise(entry: Entry): number {
    let index = entry.position;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#entries[parentIndex] as Entry;
      if (!comesBefore(entry, parent)) break;
      this.#set(index, parent);
      index = parentIndex;
    }
    this.#set(index, entry);
    return index;
  }

  #sink(entry: Entry, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#entries[childIndex];
      if (!child) break;
      const sibling = this.#entries[childIndex + 1];
      if (sibling && comesBefore(sibling, child)) {
        child = sibling;
        childIndex++;
      }
      if (!comesBefore(child, entry)) break;
      this.#set(index, child);
      index = childIndex;
    }
    this.#set(index, entry);
  }

  #set(index: number, entry: Entry): void {
    this.#entries[index] = entry;
    entry.position = index;
  }
}
