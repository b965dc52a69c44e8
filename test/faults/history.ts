/**
 * What clients did and heard, and what may be true of each thing afterwards. A client owns its things: nobody else writes to them.
 * A request without an answer may have happened, or happen later still: its thing may then be as it was before or as it was to
 * become, and is left alone from then on.
 */
export type Answer =
  | { kind: 'done'; output: Record<string, unknown> }
  /** The API said no: nothing happened. */
  | { kind: 'refused'; error: string }
  /** Nobody listened: nothing was sent. */
  | { kind: 'unsent'; error: string }
  /** No answer, or 503: it may have happened. */
  | { kind: 'unknown'; error: string }
  /** A server error that is not the store's absence: it may have happened, and must not be. */
  | { kind: 'failed'; error: string };

/** Whether it happened is not known. */
export const isOpen = ({ kind }: Answer): boolean => kind === 'unknown' || kind === 'failed';

export interface HistoryEntry {
  /** Since the round began. */
  atMs: number;
  tookMs: number;
  client: number;
  /** The number of the controller that was asked. */
  controller: number;
  operation: string;
  input: object;
  answer: Answer;
}

export type ServiceState = 'none' | { desiredCount: number; taskDefinition: string; mark: string };

export interface OwnedService {
  name: string;
  /** Exactly one, until a request stays without an answer. */
  mayBe: ServiceState[];
}

/** Whether it is to run; `either` once a StopTask stayed without an answer. */
export type TaskWish = 'running' | 'stopped' | 'either';

export interface OwnedTask {
  arn: string;
  wish: TaskWish;
}

/** One RunTask, with what tells its tasks from all others. */
export interface OwnedRun {
  startedBy: string;
  count: number;
  /** False: its tasks may be there or not. */
  isAnswered: boolean;
}

export interface History {
  entries: HistoryEntry[];
  services: OwnedService[];
  tasks: OwnedTask[];
  runs: OwnedRun[];
  /** Registered and acknowledged: ARNs. */
  taskDefinitions: string[];
  /** Reads that showed something else than what the reader had written and nobody else could have. */
  staleReads: string[];
}

export const newHistory = (): History => ({
  entries: [],
  services: [],
  tasks: [],
  runs: [],
  taskDefinitions: [],
  staleReads: [],
});

/** What the thing may be after a write that was to make it `after`. */
export function mayBeAfter<State>(before: readonly State[], after: State, answer: Answer): State[] {
  switch (answer.kind) {
    case 'done':
      return [after];
    case 'refused':
    case 'unsent':
      return [...before];
    case 'unknown':
    case 'failed':
      return [...before, after];
  }
}
