/** What workers look at. A job carries nothing else: which service of which cluster, or which cluster's unplaced tasks. */
import { placementHint, serviceHint, type WorkHint } from '../store/store.ts';

export type Work = { kind: 'service'; cluster: string; service: string } | { kind: 'placement'; cluster: string };
export type WorkKind = Work['kind'];

/** Of one queue, what coalesces: `<cluster>/<service>` or `<cluster>`. Names hold neither `/` nor `:`. */
export function workKey(work: Work): string {
  switch (work.kind) {
    case 'service':
      return `${work.cluster}/${work.service}`;
    case 'placement':
      return work.cluster;
  }
}

export function hintOf(work: Work): WorkHint {
  switch (work.kind) {
    case 'service':
      return serviceHint(work.service);
    case 'placement':
      return placementHint;
  }
}

const servicePrefix = serviceHint('');

/** Undefined for a hint that this version does not know. */
export function workOfHint(cluster: string, hint: WorkHint): Work | undefined {
  if (hint === placementHint) return { kind: 'placement', cluster };
  if (hint.startsWith(servicePrefix)) return { kind: 'service', cluster, service: hint.slice(servicePrefix.length) };
  return undefined;
}

/** Where work is announced. Neither loses nothing: the store's dirty set and the slow pass find what was. */
export interface WorkSink {
  /** Soon, coalesced with what is already waiting. Never throws. */
  add(work: readonly Work[]): void;
  /** `at` in ms since the epoch; the newest time of a piece of work replaces an earlier one. Never throws. */
  lookAgainAt(work: Work, at: number): void;
}

export type WorkHandler = (work: Work) => Promise<void>;
