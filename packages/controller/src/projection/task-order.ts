/**
 * Tasks in the order of their ids, for pages: whoever wants the next hundred reads a few more than a hundred, not all.
 *
 * Ids are random, so those that begin alike are few: they share a bucket, and of a bucket what is wanted is sorted when it is read. A task that
 * comes or goes costs the same in a cluster of any size.
 */
import type { Task } from '../domain/task.ts';

/** Of 32 hex digits: 4,096 buckets, 25 tasks each in a cluster of 100,000. */
const prefixLength = 3;
const lookedAtPerWanted = 20;

const prefixOf = (id: string): string => id.slice(0, prefixLength);
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class TaskOrder {
  readonly #buckets = new Map<string, Map<string, Task>>();
  /** Of the buckets; undefined: to be sorted anew. */
  #prefixes: string[] | undefined = [];

  set(task: Task): void {
    const prefix = prefixOf(task.id);
    const bucket = this.#buckets.get(prefix);
    if (bucket) {
      bucket.set(task.id, task);
      return;
    }
    this.#buckets.set(prefix, new Map([[task.id, task]]));
    this.#prefixes = undefined;
  }

  delete(id: string): void {
    // An empty bucket stays: there are not many, and its prefix will come again.
    this.#buckets.get(prefixOf(id))?.delete(id);
  }

  /**
   * The first `count` wanted tasks behind `id` (undefined: from the first on), in order. Undefined when they are too far apart: then
   * a pass over all tasks, in the order in which memory holds them, is quicker than to go on here.
   */
  next(id: string | undefined, count: number, isWanted: (task: Task) => boolean): Task[] | undefined {
    this.#prefixes ??= [...this.#buckets.keys()].sort(inOrder);
    const first = id === undefined ? '' : prefixOf(id);
    const found: Task[] = [];
    let patience = count * lookedAtPerWanted;
    for (const prefix of this.#prefixes) {
      if (prefix < first) continue;
      const bucket = this.#buckets.get(prefix);
      const wanted: Task[] = [];
      for (const task of bucket?.values() ?? []) {
        if ((id === undefined || task.id > id) && isWanted(task)) wanted.push(task);
      }
      found.push(...wanted.sort((a, b) => inOrder(a.id, b.id)));
      if (found.length >= count) return found.slice(0, count);
      patience -= bucket?.size ?? 0;
      if (patience < 0) return undefined;
    }
    return found;
  }
}
