/**
 * The instances that tasks alike can go to, in the order in which they would be chosen.
 *
 * Instances are parted into buckets by the attributes that the strategy spreads over. Within a bucket only what differs from
 * instance to instance counts: a heap orders it. A heap of the buckets, each as good as its best instance, gives the next place.
 * A tally counts the tasks of the group under each spread value (a rack's within its zone), for all buckets below it.
 *
 * A placement, by whomever, reaches the set through the journal: it raises the tallies above its instance and moves, adds or
 * removes that instance. Other buckets below those tallies get worse by it; that is seen to when one of them comes first. So
 * a placement costs O(log instances), and only opening a set looks at all of them.
 */
import { CandidateHeap, type HeapEntry } from './candidate-heap.ts';
import { failedCheck, type Requirements } from './checks.ts';
import type { SeededRandom } from './seeded-random.ts';
import { keyAfterTurn, keyAt, keyAtStart, type Level } from './strategies.ts';
import type { WorkingCluster, WorkingInstance } from './working-cluster.ts';

interface Candidate extends HeapEntry {
  instance: WorkingInstance;
  bucket: Bucket;
}

/** In the heap of buckets while it holds a candidate. Its keys: the tallies, and elsewhere those of its best candidate. */
interface Bucket extends HeapEntry {
  candidates: CandidateHeap<Candidate>;
  /** By level; undefined where the level does not spread over an attribute. */
  tallies: readonly (Tally | undefined)[];
}

/** One value of a spread attribute, below the values of those before it in the strategy. */
interface Tally {
  tasks: number;
  below: Map<string | null | undefined, Tally>;
  /** Of the last spread attribute only. */
  bucket?: Bucket;
}

export interface CandidateSet {
  readonly wanted: Requirements;
  readonly levels: readonly Level[];
  readonly buckets: CandidateHeap<Bucket>;
  /** By `WorkingInstance.index`; instances that fail a check are in no heap. */
  readonly candidates: (Candidate | undefined)[];
  /** How much of the journal it knows. */
  seen: number;
}

/** `considered`: usable instances. */
export function openCandidateSet(
  cluster: WorkingCluster,
  considered: readonly WorkingInstance[],
  wanted: Requirements,
  levels: readonly Level[],
  random: SeededRandom,
): CandidateSet {
  const set: CandidateSet = { wanted, levels, buckets: new CandidateHeap(), candidates: [], seen: cluster.journal.length };
  const root: Tally = { tasks: 0, below: new Map() };
  const buckets = new Set<Bucket>();
  for (const instance of considered) {
    const bucket = bucketOf(levels, root, instance);
    const keys = levels.map((level) => keyAtStart(level, random));
    const candidate: Candidate = { instance, bucket, keys, position: -1 };
    set.candidates[instance.index] = candidate;
    buckets.add(bucket);
    addToTallies(bucket, instance.tasksByGroup.get(wanted.group) ?? 0);
    rankCandidate(set, candidate);
  }
  for (const bucket of buckets) rankBucket(set, bucket);
  return set;
}

/** The instance that the next task goes to; undefined when it fits nowhere. The caller then records the placement. */
export function chooseInstance(set: CandidateSet, cluster: WorkingCluster, random: SeededRandom): WorkingInstance | undefined {
  catchUp(set, cluster);
  for (;;) {
    const bucket = set.buckets.best;
    const candidate = bucket?.candidates.best;
    if (!bucket || !candidate) return undefined;
    if (isUpToDate(bucket, candidate)) {
      // Its place in the heap is put right when the set meets its own placement in the journal.
      set.levels.forEach((level, index) => (candidate.keys[index] = keyAfterTurn(level, candidate.keys[index] ?? 0, random)));
      return candidate.instance;
    }
    rankBucket(set, bucket);
  }
}

function catchUp(set: CandidateSet, { journal }: WorkingCluster): void {
  for (; set.seen < journal.length; set.seen++) {
    const { instance, group } = journal[set.seen] as WorkingCluster['journal'][number];
    const candidate = set.candidates[instance.index];
    if (!candidate) continue;
    if (group === set.wanted.group) addToTallies(candidate.bucket, 1);
    rankCandidate(set, candidate);
    rankBucket(set, candidate.bucket);
  }
}

/** Puts the candidate where its instance's present state belongs: into its bucket's heap, elsewhere in it, or out of it. */
function rankCandidate(set: CandidateSet, candidate: Candidate): void {
  const { instance, bucket, keys } = candidate;
  if (failedCheck(instance, set.wanted)) {
    bucket.candidates.remove(candidate);
    return;
  }
  for (let level = 0; level < keys.length; level++) {
    keys[level] = keyAt(set.levels[level] as Level, instance, set.wanted.group, keys[level] as number);
  }
  bucket.candidates.put(candidate);
}

function rankBucket(set: CandidateSet, bucket: Bucket): void {
  const { best } = bucket.candidates;
  if (!best) {
    set.buckets.remove(bucket);
    return;
  }
  for (let level = 0; level < bucket.keys.length; level++) bucket.keys[level] = bucketKeyAt(bucket, best, level);
  set.buckets.put(bucket);
}

/** Tallies may have risen since it was ranked. */
const isUpToDate = (bucket: Bucket, best: Candidate): boolean =>
  bucket.keys.every((key, level) => key === bucketKeyAt(bucket, best, level));

const bucketKeyAt = ({ tallies }: Bucket, best: Candidate, level: number): number =>
  tallies[level]?.tasks ?? best.keys[level] ?? 0;

function bucketOf(levels: readonly Level[], root: Tally, instance: WorkingInstance): Bucket {
  const tallies: (Tally | undefined)[] = [];
  let tally = root;
  for (const level of levels) {
    if (level.kind !== 'spreadOverAttribute') {
      tallies.push(undefined);
      continue;
    }
    const value = instance.attributes[level.attribute];
    const next = tally.below.get(value) ?? { tasks: 0, below: new Map() };
    tally.below.set(value, next);
    tallies.push(next);
    tally = next;
  }
  tally.bucket ??= { candidates: new CandidateHeap(), tallies, keys: levels.map(() => 0), position: -1 };
  return tally.bucket;
}

function addToTallies(bucket: Bucket, tasks: number): void {
  for (const tally of bucket.tallies) if (tally) tally.tasks += tasks;
}
