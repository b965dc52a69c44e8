/** Why a controller ends a session, as the agent is told (`Refusal` in proto/agent.proto). */
export type RefusalCode =
  | 'UNKNOWN_INSTANCE'
  | 'OTHER_STORE'
  | 'OLDER_EPOCH'
  | 'CLUSTER_NOT_FOUND'
  | 'SUPERSEDED'
  | 'UNAVAILABLE'
  | 'BAD_HELLO'
  | 'CERTIFICATE_REFUSED';

export interface Refusal {
  code: RefusalCode;
  message: string;
  /** ms */
  retryAfterMs: number;
}

/**
 * What an operator must mend is asked for rarely, a cluster that may be created any moment often. A superseded
 * agent waits longest of those that may come back: two copies of one host would else take over from each other all the time.
 */
const retryAfterMs: Record<RefusalCode, number> = {
  UNKNOWN_INSTANCE: 15_000,
  OTHER_STORE: 15_000,
  OLDER_EPOCH: 15_000,
  CLUSTER_NOT_FOUND: 1_000,
  SUPERSEDED: 10_000,
  UNAVAILABLE: 1_000,
  BAD_HELLO: 15_000,
  CERTIFICATE_REFUSED: 5_000,
};

export const refusal = (code: RefusalCode, message: string, retryAfter = retryAfterMs[code]): Refusal => ({
  code,
  message,
  retryAfterMs: retryAfter,
});
