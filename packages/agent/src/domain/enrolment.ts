/** The store whose word the agent takes. */
export interface Enrolment {
  /** '' before the first session. */
  storeId: string;
  /** The highest epoch of that store seen so far. */
  storeEpoch: number;
}

export type EnrolmentVerdict = { accepted: true } | { accepted: false; reason: string };

/**
 * Whether a store may command this instance: the one it enrolled with, and no older restore of it. An empty or
 * foreign store would assign nothing, and so stop everything.
 */
export function judgeStore(known: Enrolment, offered: Enrolment): EnrolmentVerdict {
  if (known.storeId === '') return { accepted: true };
  if (offered.storeId !== known.storeId) {
    return {
      accepted: false,
      reason: `the controller's store is ${offered.storeId}; this instance is enrolled with ${known.storeId}`,
    };
  }
  if (offered.storeEpoch < known.storeEpoch) {
    return { accepted: false, reason: `the store's epoch is ${offered.storeEpoch}; this instance has seen ${known.storeEpoch}` };
  }
  return { accepted: true };
}
