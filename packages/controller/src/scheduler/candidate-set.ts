/**
 * The instances that tasks alike can go to, in the order in which they would be chosen.
 *
 * Instances are parted into buckets by the attributes that the strategy spreads over. Within a bucket only what differs from
 * instance to instance counts, so a heap orders it; the next place is the best of the buckets' best. A tally counts the tasks of
 * the group under each spread value (a rack's within its zone). A placement, whoever made it, reaches a set through the
 * journal: it raises the tallies above one instance and moves that instance in its heap. So a placement costs
 * O(buckets + log instances), and only opening a set looks at every instance.
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

interface Bucket {
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
  readonly buckets: Bucket[];
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
  const set: CandidateSet = { wanted, levels, buckets: [], candidates: [], seen: cluster.journal.length };
  const root: Tally = { tasks: 0, below: new Map() };
  for (const instance of considered) {
    const bucket = bucketOf(set, root, instance);
    const candidate = { instance, bucket, keys: levels.map((level) => keyAtStart(level, random)), position: -1 };
    set.candidates[instance.index] = candidate;
    addToTallies(bucket, instance.tasksByGroup.get(wanted.group) ?? 0);
    settle(set, candidate);
  }
  return set;
}

/** The instance that the next task goes to; undefined when it fits nowhere. The caller then records the placement. */
export function chooseInstance(set: CandidateSet, cluster: WorkingCluster, random: SeededRandom): WorkingInstance | undefined {
  catchUp(set, cluster);
  let best: Candidate | undefined;
  for (const { candidates } of set.buckets) {
    const challenger = candidates.best;
    if (challenger && (!best || comesBefore(challenger, best))) best = challenger;
  }
  // The candidate's place in its heap is put right when the set meets its own placement in the journal.
  if (best) best.keys = best.keys.map((key, level) => keyAfterTurn(set.levels[level] as Level, key, random));
  return best?.instance;
}

function catchUp(set: CandidateSet, { journal }: WorkingCluster): void {
  for (; set.seen < journal.length; set.seen++) {
    const { instance, group } = journal[set.seen] as WorkingCluster['journal'][number];
    const candidate = set.candidates[instance.index];
    if (!candidate) continue;
    if (group === set.wanted.group) addToTallies(candidate.bucket, 1);
    settle(set, candidate);
  }
}

/** Puts the candidate where its instance's present state belongs: into its heap, elsewhere in it, or out of it. */
function settle(set: CandidateSet, candidate: Candidate): void {
  const { instance, bucket, keys } = candidate;
  if (failedCheck(instance, set.wanted)) {
    bucket.candidates.remove(candidate);
    return;
  }
  set.levels.forEach((level, index) => (keys[index] = keyAt(level, instance, set.wanted.group, keys[index] as number)));
  bucket.candidates.put(candidate);
}

function bucketOf(set: CandidateSet, root: Tally, instance: WorkingInstance): Bucket {
  let tally = root;
  const tallies = set.levels.map((level) => {
    if (level.kind !== 'spreadOverAttribute') return undefined;
    const value = instance.attributes[level.attribute];
    const next = tally.below.get(value) ?? { tasks: 0, below: new Map() };
    tally.below.set(value, next);
    tally = next;
    return next;
  });
  if (!tally.bucket) {
    tally.bucket = { candidates: new CandidateHeap(), tallies };
    set.buckets.push(tally.bucket);
  }
  return tally.bucket;
}

function addToTallies(bucket: Bucket, tasks: number): void {
  for (const tally of bucket.tallies) if (tally) tally.tasks += tasks;
}

/** Between the best of two buckets. */
function comesBefore(a: Candidate, b: Candidate): boolean {
  for (let level = 0; level < a.keys.length; level++) {
    const difference = standing(a, level) - standing(b, level);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const standing = ({ bucket, keys }: Candidate, level: number): number => bucket.tallies[level]?.tasks ?? keys[level] ?? 0;
