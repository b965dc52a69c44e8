/** enrolInstance: the twin of commands/enrol-instance.lua. */
import type { EnrolInstance, EnrolmentRefusal, EnrolmentResult, Fields } from '../store.ts';
import { ChangeSet } from './change-set.ts';
import type { MemoryPartition } from './partition.ts';

export function enrolInstance(partition: MemoryPartition, command: EnrolInstance, now: number): EnrolmentResult {
  const { instance, token: tokenId, keyHash, certificates } = command;
  const token = partition.record('join-token', tokenId);
  const isRepeated = repeats(partition.record('enrolment', instance), command);
  const reason = refusalOf(partition, command, token, isRepeated, now);
  if (reason || !token) return { ok: false, reason: reason ?? 'UNKNOWN_TOKEN' };

  const changes = new ChangeSet(partition);
  if (!isRepeated) changes.edit('join-token', tokenId)['usesLeft'] = String(Number(token['usesLeft']) - 1);
  const enrolment = changes.edit('enrolment', instance);
  Object.assign(enrolment, { token: tokenId, keyHash, attributes: token['attributes'] ?? '', certificates });
  if (!isRepeated) {
    enrolment['enrolledAt'] = String(now);
    delete enrolment['revokedAt'];
  }
  return changes.publish();
}

const repeats = (enrolment: Fields | undefined, { token, keyHash }: EnrolInstance): boolean =>
  enrolment !== undefined && !enrolment['revokedAt'] && enrolment['token'] === token && enrolment['keyHash'] === keyHash;

function refusalOf(
  partition: MemoryPartition,
  { instance, secretHash }: EnrolInstance,
  token: Fields | undefined,
  isRepeated: boolean,
  now: number,
): EnrolmentRefusal | undefined {
  if (!partition.clusterIsActive()) return 'CLUSTER_NOT_FOUND';
  if (token?.['secretHash'] !== secretHash) return 'UNKNOWN_TOKEN';
  if (Number(token['expiresAt']) <= now) return 'TOKEN_EXPIRED';
  const isMadeForIt = token['instance'] === instance;
  if (token['instance'] && !isMadeForIt) return 'OTHER_INSTANCE';
  const known = partition.record('instance', instance);
  if (known?.['status'] === 'INACTIVE') return 'DEREGISTERED';
  const isKnown = known !== undefined || partition.record('enrolment', instance) !== undefined;
  if (isKnown && !isRepeated && !isMadeForIt) return 'ALREADY_ENROLLED';
  if (!isRepeated && Number(token['usesLeft']) <= 0) return 'TOKEN_USED_UP';
  return undefined;
}
