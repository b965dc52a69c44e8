import test from 'ava';
import { EpochDate } from '../output.ts';
import { aTask, anInstance, startOfTime } from '../../../../../test/support/domain-builders.ts';
import { renderContainerInstance } from './container-instance-view.ts';

const scope = { region: 'us-east-1', accountId: '000000000000' };

test('resources are shown as ECS lists them, ports by protocol', (t) => {
  const instance = anInstance({
    id: 'i1',
    free: { cpu: 1000, memory: 4000, usedPorts: new Set(['22/tcp', '8080/tcp', '443/tcp', '53/udp']) },
  });
  const shown = renderContainerInstance(instance, { tasks: [] }, scope);
  const unset = { doubleValue: 0, longValue: 0, integerValue: 0 };
  t.deepEqual(shown.registeredResources, [
    { name: 'CPU', type: 'INTEGER', ...unset, integerValue: 2048 },
    { name: 'MEMORY', type: 'INTEGER', ...unset, integerValue: 4096 },
    { name: 'PORTS', type: 'STRINGSET', ...unset, stringSetValue: ['22'] },
    { name: 'PORTS_UDP', type: 'STRINGSET', ...unset, stringSetValue: [] },
  ]);
  t.deepEqual(shown.remainingResources, [
    { name: 'CPU', type: 'INTEGER', ...unset, integerValue: 1000 },
    { name: 'MEMORY', type: 'INTEGER', ...unset, integerValue: 4000 },
    { name: 'PORTS', type: 'STRINGSET', ...unset, stringSetValue: ['22', '443', '8080'] },
    { name: 'PORTS_UDP', type: 'STRINGSET', ...unset, stringSetValue: ['53'] },
  ]);
});

test('an instance is shown with host name, versions, attributes and counts', (t) => {
  const tasks = [
    aTask(),
    aTask({ status: 'PENDING' }),
    aTask({ status: 'STOPPING', desire: { desiredStatus: 'STOPPED' } }),
    aTask({ status: 'STOPPED' }),
  ];
  const instance = anInstance({ id: 'i1', customAttributes: { stack: 'prod', spare: null, 'ecs.availability-zone': 'rack-2' } });
  const shown = renderContainerInstance(instance, { tasks }, scope);
  t.like(shown, {
    containerInstanceArn: 'arn:aws:ecs:us-east-1:000000000000:container-instance/default/i1',
    ec2InstanceId: 'host-1',
    versionInfo: { agentVersion: '0.1.0', dockerVersion: '20.10.24' },
    agentConnected: true,
    status: 'ACTIVE',
    runningTasksCount: 2,
    pendingTasksCount: 1,
    tags: [],
  });
  t.deepEqual(shown.attributes, [
    { name: 'ecs.availability-zone', value: 'rack-2' },
    { name: 'spare' },
    { name: 'stack', value: 'prod' },
  ]);
  t.deepEqual(shown.registeredAt, new EpochDate(startOfTime));
  t.false('healthStatus' in shown);
});

test('a lost instance stays ACTIVE with its agent disconnected, and its health is unknown', (t) => {
  const shown = renderContainerInstance(anInstance({ connected: false }), { tasks: [], includeHealth: true }, scope);
  t.like(shown, { status: 'ACTIVE', agentConnected: false, healthStatus: { overallStatus: 'INSUFFICIENT_DATA' } });
});

test('an instance that was deregistered has no agent', (t) => {
  t.like(renderContainerInstance(anInstance({ status: 'INACTIVE' }), { tasks: [] }, scope), {
    status: 'INACTIVE',
    agentConnected: false,
  });
});

test('tags and health are shown when they are asked for', (t) => {
  const instance = anInstance({ tags: { rack: '1' } });
  t.like(renderContainerInstance(instance, { tasks: [], includeTags: true, includeHealth: true }, scope), {
    tags: [{ key: 'rack', value: '1' }],
    healthStatus: { overallStatus: 'OK' },
  });
});
