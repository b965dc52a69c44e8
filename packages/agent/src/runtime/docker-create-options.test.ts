import test from 'ava';
import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../../../../test/support/assigned-tasks.ts';
import { containerRuntimeNames, volumeRuntimeNames } from '../planner/runtime-names.ts';
import { dockerCreateOptions } from './docker-create-options.ts';

const taskId = '0123456789abcdef0123456789abcdef';

function options(container: Partial<AssignedContainer>, task: Partial<AssignedTask> = {}) {
  const whole = anAssignedTask(taskId, { containers: [aContainer(container), aContainer({ name: 'db' })], ...task });
  const names = containerRuntimeNames(whole, taskId);
  return dockerCreateOptions({
    name: 'ecs-name',
    labels: { ours: 'yes' },
    task: whole,
    container: aContainer(container),
    names,
    volumes: volumeRuntimeNames(whole, taskId),
  });
}

test('CPU units are shares, at least two; memory is in bytes', (t) => {
  t.like(options({ cpu: 512, memory: 64, memoryReservation: 32 }).HostConfig, {
    CpuShares: 512,
    Memory: 64 << 20,
    MemoryReservation: 32 << 20,
  });
  t.like(options({ cpu: 1, memory: 1 }).HostConfig, { CpuShares: 2, Memory: 6 << 20 });
});

test("containers without a size of their own share what is left of the task's", (t) => {
  const task = {
    cpu: 1024,
    memory: 256,
    containers: [aContainer({ cpu: 512 }), aContainer({ name: 'b' }), aContainer({ name: 'c' })],
  };
  t.like(options({ name: 'b', cpu: 0, memory: undefined }, task).HostConfig, { CpuShares: 256, Memory: 256 << 20 });
});

test('ports are published on a bridge only, and hostPort 0 is left to Docker', (t) => {
  const portMappings = [
    { containerPort: 80, hostPort: 0 },
    { containerPort: 53, hostPort: 5353, protocol: 'udp' as const },
    { containerPortRange: '9000-9001' },
  ];
  const { ExposedPorts, HostConfig } = options({ portMappings });
  t.deepEqual(Object.keys(ExposedPorts ?? {}), ['80/tcp', '53/udp', '9000/tcp', '9001/tcp']);
  t.deepEqual(HostConfig?.PortBindings, {
    '80/tcp': [{ HostPort: '' }],
    '53/udp': [{ HostPort: '5353' }],
    '9000/tcp': [{ HostPort: '' }],
    '9001/tcp': [{ HostPort: '' }],
  });
  t.deepEqual(options({ portMappings }, { networkMode: 'host' }).HostConfig?.PortBindings, {});
});

test('volumes are bound by their path, their own name or the name of the task', (t) => {
  const volumes: AssignedTask['volumes'] = [
    { name: 'path', hostPath: '/srv' },
    { name: 'shared', docker: { scope: 'shared', autoprovision: true } },
    { name: 'own' },
  ];
  const mountPoints = volumes.map(({ name }) => ({ sourceVolume: name, containerPath: `/${name}`, readOnly: name === 'path' }));
  t.deepEqual(options({ mountPoints }, { volumes }).HostConfig?.Binds, [
    '/srv:/path:ro',
    'shared:/shared',
    `ecs-web-1-own-${taskId}:/own`,
  ]);
});

test('other containers of the task are named as the engine knows them', (t) => {
  const { HostConfig } = options({ links: ['db:database'], volumesFrom: [{ sourceContainer: 'db', readOnly: true }] });
  t.deepEqual(HostConfig?.Links, [`ecs-web-1-db-${taskId}:database`]);
  t.deepEqual(HostConfig?.VolumesFrom, [`ecs-web-1-db-${taskId}:ro`]);
});

test("a task's shared namespaces belong to its first container", (t) => {
  const task = { pidMode: 'task' as const, ipcMode: 'task' as const };
  t.like(options({}, task).HostConfig, { PidMode: undefined, IpcMode: 'shareable' });
  const owner = `container:ecs-web-1-app-${taskId}`;
  const whole = { ...task, containers: [aContainer(), aContainer({ name: 'db' })] };
  t.like(options({ name: 'db' }, whole).HostConfig, { PidMode: owner, IpcMode: owner });
});

test('logs stay on the host and are rotated', (t) => {
  const rotated = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };
  t.deepEqual(options({}).HostConfig?.LogConfig, rotated);
  t.deepEqual(
    options({ logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g' } } }).HostConfig?.LogConfig,
    rotated,
  );
  t.deepEqual(options({ logConfiguration: { logDriver: 'syslog', options: { tag: 'x' } } }).HostConfig?.LogConfig, {
    Type: 'syslog',
    Config: { tag: 'x' },
  });
});

test('Docker never restarts a container, and the task definition cannot take our labels', (t) => {
  const created = options({ dockerLabels: { ours: 'no', theirs: 'yes' } });
  t.deepEqual(created.Labels, { ours: 'yes', theirs: 'yes' });
  t.deepEqual(created.HostConfig?.RestartPolicy, { Name: 'no' });
});

test('Linux settings and the health check are translated', (t) => {
  const created = options({
    memory: 64,
    healthCheck: { command: ['CMD-SHELL', 'true'], interval: 10 },
    linuxParameters: {
      initProcessEnabled: true,
      sharedMemorySize: 16,
      maxSwap: 32,
      capabilities: { add: ['NET_ADMIN'], drop: ['MKNOD'] },
      tmpfs: [{ containerPath: '/run', size: 8, mountOptions: ['noexec'] }],
      devices: [{ hostPath: '/dev/fuse', permissions: ['read', 'write'] }],
    },
    ulimits: [{ name: 'nofile', softLimit: 10, hardLimit: 20 }],
    extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.1' }],
    systemControls: [{ namespace: 'net.core.somaxconn', value: '100' }],
  });
  t.like(created.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 10_000_000_000, Timeout: 5_000_000_000, Retries: 3 });
  t.like(created.HostConfig, {
    Init: true,
    ShmSize: 16 << 20,
    MemorySwap: 96 << 20,
    CapAdd: ['NET_ADMIN'],
    CapDrop: ['MKNOD'],
    Tmpfs: { '/run': 'size=8m,noexec' },
    Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rw' }],
    Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    ExtraHosts: ['db:10.0.0.1'],
    Sysctls: { 'net.core.somaxconn': '100' },
  });
});
