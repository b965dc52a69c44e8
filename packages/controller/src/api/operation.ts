/**
 * What an operation of the API is. Adding one: an entry in the operations file of its resource, its store command if it
 * needs one, a test. The front door has parsed, authenticated and validated the input against the SDK's schema by the time
 * `run` is called; what `run` returns is rendered as AWS JSON 1.1 (EpochDate → epoch seconds; undefined members left out).
 */
import type { ArnScope, Clock, Logger } from '@mini-ecs/shared';
import type { Projections } from '../projection/projection.ts';
import type { Store } from '../store/store.ts';

/** What operations work with; one for the whole API. */
export interface ApiContext {
  /** Queues the hints of each command by itself. */
  store: Store;
  projections: Projections;
  clock: Clock;
  log: Logger;
  newId: () => string;
  newUuid: () => string;
  newDeploymentId: () => string;
}

/** One call: who asks, and how answers are rendered for them. */
export interface Call extends ApiContext {
  /** The region of the caller's credential scope and the account: for ARNs in the answer. */
  scope: ArnScope;
  requestId: string;
  /** The principal: `arn:aws:iam::<account>:root` with access key id. */
  principalArn: string;
  accessKeyId: string;
}

/** Checks that the SDK's schemas do not hold: enums, lengths, ranges, patterns. See api/limits.ts. */
export interface Operation<Input = unknown, Output = unknown> {
  /** `RunTask` */
  name: string;
  run(input: Input, call: Call): Promise<Output>;
}

/** Lets an operations file declare an operation with the SDK's types. */
export const operation = <Input, Output>(
  name: string,
  run: (input: Input, call: Call) => Promise<Output>,
): Operation<Input, Output> => ({
  name,
  run,
});

/** Reads a container's log through its agent's session (`mini-ecs logs`). Throws ApiError when there is none to read. */
export interface LogSource {
  open(
    request: { cluster: string; taskId: string; container: string; follow: boolean; tail: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}
