/** `failures[]`: what a call that names several things could not do, one entry a thing. */
import type { Failure } from '@aws-sdk/client-ecs';

export const failure = (arn: string, reason: string, detail?: string): Failure => ({
  arn,
  reason,
  ...(detail === undefined ? {} : { detail }),
});

/** The thing named does not exist (any more). */
export const missing = (arn: string, detail?: string): Failure => failure(arn, 'MISSING', detail);
