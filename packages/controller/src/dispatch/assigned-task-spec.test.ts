import type { AssignedTask } from '@mini-ecs/shared';
import test from 'ava';
import fc from 'fast-check';
import { aTask, aTaskDefinition } from '../../../../test/support/domain-builders.ts';
import { AssignedTaskEncoder, assignedTask } from './assigned-task-spec.ts';

const scope = { region: 'us-east-1', accountId: '000000000000' };

const decoded = (spec: Uint8Array): AssignedTask => JSON.parse(Buffer.from(spec).toString()) as AssignedTask;

test("a task of a service is assigned with its ARNs, its group and ECS's defaults", (t) => {
  const definition = aTaskDefinition({
    request: { family: 'web', containerDefinitions: [{ name: 'web', image: 'busybox', portMappings: [{ containerPort: 80 }] }] },
  });
  const spec = assignedTask(aTask({ id: 'abc' }), definition, scope);
  t.is(spec.taskArn, 'arn:aws:ecs:us-east-1:000000000000:task/default/abc');
  t.is(spec.clusterArn, 'arn:aws:ecs:us-east-1:000000000000:cluster/default');
  t.is(spec.group, 'service:web');
  t.is(spec.serviceName, 'web');
  t.is(spec.networkMode, 'bridge');
  const [container] = spec.containers;
  t.is(container?.essential, true);
  t.is(container?.cpu, 0);
  t.deepEqual(container?.portMappings, [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }]);
});

test("an override replaces the command and sizes, and a variable of the same name keeps the definition's place", (t) => {
  const definition = aTaskDefinition({
    request: {
      family: 'web',
      cpu: '256',
      memory: '1 GB',
      containerDefinitions: [
        {
          name: 'web',
          image: 'busybox',
          memory: 64,
          command: ['httpd'],
          environment: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
        { name: 'sidecar', image: 'busybox', memory: 32, command: ['sleep', '1'] },
      ],
    },
  });
  const task = aTask({
    spec: {
      overrides: {
        cpu: '0.5 vCPU',
        containerOverrides: [
          {
            name: 'web',
            command: ['echo', 'hello'],
            cpu: 5,
            memory: 128,
            memoryReservation: 100,
            environment: [
              { name: 'C', value: '3' },
              { name: 'A', value: 'one' },
            ],
          },
        ],
      },
    },
  });
  const { cpu, memory, containers } = assignedTask(task, definition, scope);
  t.is(cpu, 512);
  t.is(memory, 1024);
  t.like(containers[0], { command: ['echo', 'hello'], cpu: 5, memory: 128, memoryReservation: 100 });
  t.deepEqual(containers[0]?.environment, [
    { name: 'A', value: 'one' },
    { name: 'B', value: '2' },
    { name: 'C', value: '3' },
  ]);
  t.like(containers[1], { command: ['sleep', '1'], memory: 32, environment: [] });
});

test("in host mode a port of the host is the container's", (t) => {
  const definition = aTaskDefinition({
    request: {
      family: 'web',
      networkMode: 'host',
      containerDefinitions: [{ name: 'web', image: 'busybox', portMappings: [{ containerPort: 53, protocol: 'udp' }] }],
    },
  });
  const { networkMode, containers } = assignedTask(aTask(), definition, scope);
  t.is(networkMode, 'host');
  t.deepEqual(containers[0]?.portMappings, [{ containerPort: 53, hostPort: 53, protocol: 'udp' }]);
});

test("a volume is a path of the host, Docker's, or the task's own", (t) => {
  const definition = aTaskDefinition({
    request: {
      family: 'web',
      containerDefinitions: [{ name: 'web', image: 'busybox' }],
      volumes: [
        { name: 'data', host: { sourcePath: '/srv/data' } },
        { name: 'shared', dockerVolumeConfiguration: { scope: 'shared', autoprovision: true, driver: 'local' } },
        { name: 'own', host: {} },
      ],
    },
  });
  const { volumes } = decoded(new AssignedTaskEncoder(scope).encode(aTask(), definition));
  t.deepEqual(volumes, [
    { name: 'data', hostPath: '/srv/data' },
    { name: 'shared', docker: { scope: 'shared', autoprovision: true, driver: 'local' } },
    { name: 'own' },
  ]);
});

test('what is encoded, from the cache or not, is the assigned task', (t) => {
  const text = fc.string({ unit: 'grapheme' });
  const arbitraryOverrides = fc.option(
    fc.record(
      {
        cpu: fc.constantFrom('128', '1 vCPU'),
        containerOverrides: fc.array(
          fc.record({ name: fc.constantFrom('web', 'other'), environment: fc.array(fc.record({ name: text, value: text })) }),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  );
  const definition = aTaskDefinition();
  const encoder = new AssignedTaskEncoder(scope);
  fc.assert(
    fc.property(arbitraryOverrides, text, (overrides, group) => {
      const task = aTask({ spec: { overrides, group } });
      t.deepEqual(decoded(encoder.encode(task, definition)), JSON.parse(JSON.stringify(assignedTask(task, definition, scope))));
    }),
    { numRuns: 100 },
  );
});
