import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import test from 'ava';
import type { ApiError } from '../api-error.ts';
import { checkTaskDefinition } from './task-definition-checks.ts';

const aContainer = (more: object = {}): ContainerDefinition => ({ name: 'app', image: 'busybox', memory: 64, ...more });
const aDefinition = (more: object = {}): RegisterTaskDefinitionRequest => ({
  family: 'web',
  containerDefinitions: [aContainer()],
  ...more,
});
const withContainer = (more: object): RegisterTaskDefinitionRequest => aDefinition({ containerDefinitions: [aContainer(more)] });
const withContainers = (...containers: object[]): RegisterTaskDefinitionRequest =>
  aDefinition({ containerDefinitions: containers.map(aContainer) });

const accepted: Record<string, RegisterTaskDefinitionRequest> = {
  'one container': aDefinition(),
  'memory of the task alone': aDefinition({
    memory: '1 GB',
    cpu: '.5 vCPU',
    containerDefinitions: [aContainer({ memory: undefined })],
  }),
  'EC2 beside FARGATE': aDefinition({ requiresCompatibilities: ['FARGATE', 'EC2'] }),
  'host mode with equal ports': aDefinition({
    networkMode: 'host',
    containerDefinitions: [aContainer({ portMappings: [{ containerPort: 80, hostPort: 80 }] })],
  }),
  'the same port for tcp and udp': withContainer({
    portMappings: [
      { containerPort: 53, hostPort: 53, protocol: 'udp' },
      { containerPort: 53, hostPort: 53, protocol: 'tcp' },
    ],
  }),
  'a range of ports': withContainer({ portMappings: [{ containerPortRange: '8000-8010' }] }),
  'an order of containers': withContainers(
    { name: 'init', essential: false },
    { name: 'db', healthCheck: { command: ['CMD-SHELL', 'true'] } },
    {
      name: 'app',
      links: ['db:database'],
      volumesFrom: [{ sourceContainer: 'db' }],
      dependsOn: [
        { containerName: 'init', condition: 'SUCCESS' },
        { containerName: 'db', condition: 'HEALTHY' },
      ],
    },
  ),
  volumes: aDefinition({
    volumes: [
      { name: 'data' },
      { name: 'host', host: { sourcePath: '/srv' } },
      { name: 'shared', dockerVolumeConfiguration: { scope: 'shared', autoprovision: true } },
    ],
    containerDefinitions: [aContainer({ mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }] })],
  }),
  'every kind of log': withContainers(
    ...['json-file', 'local', 'none', 'awslogs', 'syslog'].map((logDriver) => ({
      name: logDriver,
      logConfiguration: { logDriver },
    })),
  ),
  'an unlimited ulimit': withContainer({ ulimits: [{ name: 'nofile', softLimit: 1024, hardLimit: -1 }] }),
  'an image by digest': withContainer({ image: `registry.local:5000/a/b@sha256:${'0'.repeat(64)}` }),
  'a placement constraint': aDefinition({ placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }] }),
};

for (const [what, request] of Object.entries(accepted)) {
  test(`${what} can be registered`, (t) => {
    t.notThrows(() => checkTaskDefinition(request));
  });
}

const refused: Record<string, [RegisterTaskDefinitionRequest, RegExp]> = {
  'a family with spaces': [
    aDefinition({ family: 'my web' }),
    /'my web' at 'family' failed to satisfy constraint: Member must consist of up to 255 letters/,
  ],
  'no container': [aDefinition({ containerDefinitions: [] }), /Container list cannot be empty\./],
  'eleven containers': [
    withContainers(...Array.from({ length: 11 }, (_, n) => ({ name: `c${n}` }))),
    /'11 items' at 'containerDefinitions' failed to satisfy constraint: Member must have length less than or equal to 10/,
  ],
  'a container without a name': [withContainer({ name: undefined }), /Container\.name should not be null or empty\./],
  'a container without an image': [withContainer({ image: '' }), /Container\.image should not be null or empty\./],
  'an image with spaces': [withContainer({ image: 'busy box' }), /'containerDefinitions\[0\]\.image' failed/],
  'a name twice': [withContainers({}, {}), /the container name 'app' is used twice/],
  'no essential container': [withContainer({ essential: false }), /at least one container must be essential/],
  'no memory at all': [
    withContainer({ memory: undefined }),
    /^Invalid setting for container 'app'\. At least one of 'memory' or 'memoryReservation' must be specified\.$/,
  ],
  'memory below what Docker takes': [
    withContainer({ memory: 3 }),
    /at 'containerDefinitions\[0\]\.memory' failed .* greater than or equal to 4/,
  ],
  'a reservation above the memory': [
    withContainer({ memory: 64, memoryReservation: 65 }),
    /'memory' must be greater than 'memoryReservation'/,
  ],
  'a container larger than its task': [
    aDefinition({ memory: '32' }),
    /'memory' \(64 MiB\) cannot exceed the task's memory \(32 MiB\)/,
  ],
  'containers that together are larger than their task': [
    aDefinition({ memory: '100', containerDefinitions: [aContainer(), aContainer({ name: 'b' })] }),
    /its containers reserve 128 MiB, the task has 100/,
  ],
  'containers with more CPU than their task': [
    aDefinition({ cpu: '256', containerDefinitions: [aContainer({ cpu: 512 })] }),
    /its containers reserve 512 CPU units, the task has 256/,
  ],
  'a CPU size that is none': [aDefinition({ cpu: 'much' }), /Invalid 'cpu' setting for task: 'much'/],
  'a memory size that is none': [aDefinition({ memory: '1 TB' }), /Invalid 'memory' setting for task: '1 TB'/],
  'a port above 65535': [withContainer({ portMappings: [{ containerPort: 65536 }] }), /portMappings\[0\]\.containerPort' failed/],
  'a mapping without a port': [withContainer({ portMappings: [{ hostPort: 80 }] }), /needs a containerPort between 1 and 65535/],
  'a protocol that is none': [
    withContainer({ portMappings: [{ containerPort: 1, protocol: 'icmp' }] }),
    /enum value set: \[tcp, udp\]/,
  ],
  'a host port twice': [
    withContainers(
      { name: 'a', portMappings: [{ containerPort: 80, hostPort: 8080 }] },
      { name: 'b', portMappings: [{ containerPort: 81, hostPort: 8080 }] },
    ),
    /host port 8080\/tcp is used twice \(containers 'a' and 'b'\)/,
  ],
  'different ports in host mode': [
    aDefinition({
      networkMode: 'host',
      containerDefinitions: [aContainer({ portMappings: [{ containerPort: 80, hostPort: 8080 }] })],
    }),
    /^When networkMode=host, the host ports and container ports in port mappings must match\.$/,
  ],
  'ports without a network': [
    aDefinition({ networkMode: 'none', containerDefinitions: [aContainer({ portMappings: [{ containerPort: 80 }] })] }),
    /portMappings are not valid when networkMode=none/,
  ],
  'a range backwards': [
    withContainer({ portMappings: [{ containerPortRange: '9000-8000' }] }),
    /'9000-8000' is no range of ports/,
  ],
  'a dependency on nobody': [
    withContainer({ dependsOn: [{ containerName: 'db', condition: 'START' }] }),
    /there is no container 'db'/,
  ],
  'a dependency on itself': [
    withContainer({ links: ['app'] }),
    /Invalid 'links' setting for container 'app': it names the container itself/,
  ],
  'dependencies in a circle': [
    withContainers(
      { name: 'a', dependsOn: [{ containerName: 'b', condition: 'START' }] },
      { name: 'b', links: ['c'] },
      { name: 'c', volumesFrom: [{ sourceContainer: 'a' }] },
    ),
    /they go in a circle \(a → b → c → a\)/,
  ],
  'waiting for the health of a container without a check': [
    withContainers({ name: 'db' }, { dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }] }),
    /which has no healthCheck/,
  ],
  'waiting for the end of an essential container': [
    withContainers({ name: 'db' }, { dependsOn: [{ containerName: 'db', condition: 'COMPLETE' }] }),
    /which is essential/,
  ],
  'a condition that is none': [
    withContainers({ name: 'db' }, { dependsOn: [{ containerName: 'db', condition: 'UP' }] }),
    /enum value set/,
  ],
  'a health check without CMD': [
    withContainer({ healthCheck: { command: ['curl'] } }),
    /must begin with CMD or CMD-SHELL, not 'curl'/,
  ],
  'a health check too often': [
    withContainer({ healthCheck: { command: ['CMD', 'true'], interval: 1 } }),
    /healthCheck\.interval' failed/,
  ],
  'an unknown volume': [
    withContainer({ mountPoints: [{ sourceVolume: 'data', containerPath: '/d' }] }),
    /^Unknown volume 'data'\./,
  ],
  'a volume twice': [aDefinition({ volumes: [{ name: 'a' }, { name: 'a' }] }), /the volume name 'a' is used twice/],
  'a soft limit above the hard one': [
    withContainer({ ulimits: [{ name: 'nofile', softLimit: 2, hardLimit: 1 }] }),
    /soft limit of ulimit 'nofile' exceeds/,
  ],
  'net.* of the host': [
    aDefinition({
      networkMode: 'host',
      containerDefinitions: [aContainer({ systemControls: [{ namespace: 'net.core.somaxconn', value: '1' }] })],
    }),
    /'net\.core\.somaxconn' is not valid when networkMode=host/,
  ],
  'more than 64 KiB': [
    withContainer({ environment: [{ name: 'A', value: 'x'.repeat(70_000) }] }),
    /^Actual length: '\d+'\. Max allowed length is '65536' bytes\.$/,
  ],
  'a constraint that is no query': [
    aDefinition({ placementConstraints: [{ type: 'memberOf', expression: 'attribute:' }] }),
    /Invalid cluster query language/,
  ],
  awsvpc: [
    aDefinition({ networkMode: 'awsvpc' }),
    /^mini-ecs does not support networkMode awsvpc yet\. Use bridge, host or none\.$/,
  ],
  'FARGATE alone': [
    aDefinition({ requiresCompatibilities: ['FARGATE'] }),
    /does not support requiresCompatibilities FARGATE yet/,
  ],
  secrets: [withContainer({ secrets: [{ name: 'A', valueFrom: 'b' }] }), /does not support secrets \(container 'app'\) yet/],
  'an EFS volume': [
    aDefinition({ volumes: [{ name: 'e', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] }),
    /does not support efsVolumeConfiguration \(volume 'e'\) yet/,
  ],
  'a GPU': [withContainer({ resourceRequirements: [{ type: 'GPU', value: '1' }] }), /does not support resourceRequirements/],
  'a sidecar of FireLens': [
    withContainer({ firelensConfiguration: { type: 'fluentbit' } }),
    /does not support firelensConfiguration/,
  ],
  'a log driver that is none': [
    withContainer({ logConfiguration: { logDriver: 'papyrus' } }),
    /logConfiguration\.logDriver' failed/,
  ],
};

for (const [what, [request, message]] of Object.entries(refused)) {
  test(`${what} cannot be registered`, (t) => {
    const error = t.throws(() => checkTaskDefinition(request)) as ApiError;
    t.regex(error.message, message);
    t.true(['ClientException', 'InvalidParameterException'].includes(error.code));
  });
}
