import test from 'ava';
import { clusterLabel, instanceLabel, storeLabel } from '../domain/container-labels.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import { identityOf } from './identity.ts';

const container = (labels: Record<string, string>, startedAt: number): ObservedContainer => ({
  id: 'id',
  name: 'name',
  labels,
  state: 'running',
  startedAt,
  outOfMemory: false,
  error: '',
  health: 'UNKNOWN',
  networkBindings: [],
});

test('a new host is a new instance that no store knows', (t) => {
  const identity = identityOf(undefined, [], 'default');
  t.regex(identity.instanceId, /^[0-9a-f]{32}$/);
  t.like(identity, { storeId: '', storeEpoch: 0 });
});

test('without its state an agent is who its newest container of the cluster says', (t) => {
  const containers = [
    container({ [clusterLabel]: 'default', [instanceLabel]: 'old', [storeLabel]: 's' }, 1),
    container({ [clusterLabel]: 'default', [instanceLabel]: 'new', [storeLabel]: 's' }, 2),
    container({ [clusterLabel]: 'other', [instanceLabel]: 'foreign', [storeLabel]: 's' }, 3),
  ];
  t.deepEqual(identityOf(undefined, containers, 'default'), { instanceId: 'new', storeId: 's', storeEpoch: 0 });
});

test('the state counts more than labels, and is of one cluster', (t) => {
  const state = { format: 1 as const, instanceId: 'mine', cluster: 'default', storeId: 's', storeEpoch: 2, tasks: [] };
  t.like(identityOf(state, [], 'default'), { instanceId: 'mine', storeEpoch: 2 });
  t.throws(() => identityOf(state, [], 'other'), { message: /belongs to the cluster "default"/ });
});
