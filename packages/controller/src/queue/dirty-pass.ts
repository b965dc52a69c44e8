/** Every few seconds: queues the hints that a controller committed and did not live to queue, or whose job was lost. */
import type { Store } from '../store/store.ts';
import { workOfHint, type WorkSink } from './work.ts';

export const dirtyPassMs = 5_000;

export async function runDirtyPass(store: Store, sink: WorkSink, clusters: Iterable<string>): Promise<void> {
  for (const cluster of clusters) {
    const hints = await store.hints(cluster);
    sink.add(hints.flatMap((hint) => workOfHint(cluster, hint) ?? []));
  }
}
