/**
 * Anything thrown while a call is served → the AWS error that the caller gets. Decided here and nowhere else:
 * ApiError as it is; a store that is away is ServiceUnavailableException (the SDKs try again); the rest is a bug of ours and
 * answers ServerException with nothing of its inside.
 */
import { StoreUnavailableError } from '../store/store.ts';
import { ApiError } from './api-error.ts';

/** What sockets, ioredis and the projections throw when Redis cannot be reached, does not answer or is still loading. */
const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'PROJECTION_TIMEOUT',
]);
const connectionErrors = new Set(['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError']);
const connectionMessages =
  /^(Connection is closed|Connection in subscriber mode|Command timed out|Stream isn't writeable|connect ENOENT|LOADING |READONLY |MASTERDOWN |CLUSTERDOWN |OOM )/;

export function apiErrorOf(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  if (isStoreAway(fault)) {
    return new ApiError('ServiceUnavailableException', 'The store cannot be reached at the moment. Try again shortly.');
  }
  return new ApiError(
    'ServerException',
    'An unexpected error occurred. The log of the controller tells more under this request id.',
  );
}

function isStoreAway(fault: unknown): boolean {
  if (fault instanceof StoreUnavailableError) return true;
  if (!(fault instanceof Error)) return false;
  const { code } = fault as NodeJS.ErrnoException;
  return connectionCodes.has(code ?? '') || connectionErrors.has(fault.name) || connectionMessages.test(fault.message);
}
