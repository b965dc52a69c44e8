/** Requests as a user would make them, on things that may be there: by weight, so that what is made is also changed and deleted. */
import type * as ecs from '@aws-sdk/client-ecs';
import type { Dice } from '../simulation/dice.ts';
import type { InCluster, Known } from './known-objects.ts';

export interface SoundRequest {
  operation: string;
  input: object;
}

type Recipe = (dice: Dice, known: Known) => object;

/** Agents live in the first; the others have none. */
export const clusterNames = ['default', 'fuzz-1', 'fuzz-2', 'fuzz-3', 'fuzz-4', 'fuzz-5'] as const;
const families = ['web', 'worker', 'batch', 'sidecars', 'a'.repeat(255)] as const;
const serviceNames = ['web', 'api', 'worker', 'front-end', 'back_end', 's'.repeat(255)] as const;

const table: readonly (readonly [weight: number, operation: string, recipe: Recipe])[] = [
  [2, 'CreateCluster', createCluster],
  [
    3,
    'DescribeClusters',
    (dice, known) => ({ clusters: some(dice, () => clusterOf(dice, known)), include: ['STATISTICS', 'TAGS'] }),
  ],
  [2, 'ListClusters', (dice, known) => page(dice, known)],
  [1, 'UpdateCluster', (dice, known) => ({ cluster: clusterOf(dice, known), settings: insights(dice) })],
  [1, 'UpdateClusterSettings', (dice, known) => ({ cluster: clusterOf(dice, known), settings: insights(dice) })],
  [1, 'DeleteCluster', (dice, known) => ({ cluster: clusterOf(dice, known) })],
  [5, 'RegisterTaskDefinition', registerTaskDefinition],
  [3, 'DescribeTaskDefinition', (dice, known) => ({ taskDefinition: definitionOf(dice, known), include: ['TAGS'] })],
  [2, 'ListTaskDefinitions', (dice, known) => ({ familyPrefix: maybe(dice, () => dice.pick(families)), ...page(dice, known) })],
  [
    1,
    'ListTaskDefinitionFamilies',
    (dice, known) => ({ status: dice.pick(['ALL', 'ACTIVE', 'INACTIVE']), ...page(dice, known) }),
  ],
  [3, 'DeregisterTaskDefinition', (dice, known) => ({ taskDefinition: dice.chance(0.9) ? revisionOf(dice, known) : 'web' })],
  [2, 'DeleteTaskDefinitions', (dice, known) => ({ taskDefinitions: some(dice, () => revisionOf(dice, known)) })],
  [6, 'RunTask', runTask],
  [2, 'StartTask', startTask],
  [
    7,
    'StopTask',
    (dice, known) => ({ ...inCluster(dice, known, 'task', known.tasks.items), reason: maybe(dice, () => 'fuzzed') }),
  ],
  [5, 'DescribeTasks', (dice, known) => described(dice, known, 'tasks', known.tasks.items)],
  [5, 'ListTasks', listTasks],
  [4, 'CreateService', createService],
  [5, 'UpdateService', updateService],
  [4, 'DescribeServices', (dice, known) => described(dice, known, 'services', known.services.items)],
  [2, 'ListServices', (dice, known) => ({ cluster: clusterOf(dice, known), ...page(dice, known) })],
  [
    3,
    'DeleteService',
    (dice, known) => ({ ...inCluster(dice, known, 'service', known.services.items), force: dice.chance(0.8) }),
  ],
  [
    2,
    'ListContainerInstances',
    (dice, known) => ({ cluster: clusterOf(dice, known), filter: maybe(dice, () => queryOf(dice)), ...page(dice, known) }),
  ],
  [
    2,
    'DescribeContainerInstances',
    (dice, known) => described(dice, known, 'containerInstances', known.containerInstances.items),
  ],
  [
    0.1,
    'DeregisterContainerInstance',
    (dice, known) => ({
      ...inCluster(dice, known, 'containerInstance', known.containerInstances.items),
      force: dice.chance(0.5),
    }),
  ],
  [
    1,
    'UpdateContainerInstancesState',
    (dice, known) => ({
      ...described(dice, known, 'containerInstances', known.containerInstances.items),
      status: dice.chance(0.8) ? 'ACTIVE' : 'DRAINING',
    }),
  ],
  [2, 'PutAttributes', (dice, known) => attributes(dice, known)],
  [2, 'DeleteAttributes', (dice, known) => attributes(dice, known)],
  [
    1,
    'ListAttributes',
    (dice, known) => ({ cluster: clusterOf(dice, known), targetType: 'container-instance', ...page(dice, known) }),
  ],
  [3, 'TagResource', (dice, known) => ({ resourceArn: arnOf(dice, known), tags: tags(dice) })],
  [2, 'UntagResource', (dice, known) => ({ resourceArn: arnOf(dice, known), tagKeys: some(dice, () => tagKey(dice)) })],
  [2, 'ListTagsForResource', (dice, known) => ({ resourceArn: arnOf(dice, known) })],
  [1, 'PutAccountSetting', (dice) => ({ name: 'containerInsights', value: dice.pick(['enabled', 'disabled', 'enhanced']) })],
  [1, 'PutAccountSettingDefault', (dice) => ({ name: 'awsvpcTrunking', value: dice.pick(['enabled', 'disabled']) })],
  [1, 'ListAccountSettings', (dice) => ({ effectiveSettings: dice.chance(0.5) })],
  [1, 'DeleteAccountSetting', () => ({ name: 'containerInsights' })],
];

const totalWeight = table.reduce((sum, [weight]) => sum + weight, 0);

export function soundRequest(dice: Dice, known: Known): SoundRequest {
  let left = dice.next() * totalWeight;
  const [, operation, recipe] = table.find(([weight]) => (left -= weight) < 0) ?? table[0]!;
  return { operation, input: recipe(dice, known) };
}

// ── operations with much to say ──

function createCluster(dice: Dice): Partial<ecs.CreateClusterRequest> {
  return {
    clusterName: maybe(dice, () => dice.pick(clusterNames)),
    settings: maybe(dice, () => insights(dice)),
    tags: maybe(dice, () => tags(dice)),
  };
}

function registerTaskDefinition(dice: Dice): ecs.RegisterTaskDefinitionRequest {
  return {
    family: dice.pick(families),
    networkMode: maybe(dice, () => dice.pick(['bridge', 'host', 'none'] as const)),
    cpu: maybe(dice, () => dice.pick(['64', '256', '0.25 vCPU'])),
    memory: maybe(dice, () => dice.pick(['128', '512', '1 GB'])),
    containerDefinitions: Array.from({ length: dice.whole(1, 3) }, (_, index) => container(dice, index)),
    tags: maybe(dice, () => tags(dice)),
    placementConstraints: maybe(dice, () => [{ type: 'memberOf' as const, expression: queryOf(dice) }]),
  };
}

const container = (dice: Dice, index: number): ecs.ContainerDefinition => ({
  name: `c${index}`,
  image: dice.pick(['busybox', 'exits', 'fails', 'registry.example:5000/deep/path:tag']),
  memory: dice.pick([8, 32, 64]),
  cpu: dice.pick([0, 10, 128]),
  essential: index === 0 || dice.chance(0.5),
  command: maybe(dice, () => ['sh', '-c', 'sleep 1000']),
  environment: maybe(dice, () => [{ name: 'NAME', value: oddValue(dice) }]),
  portMappings: maybe(dice, () => [
    { containerPort: dice.whole(1, 65_535), hostPort: dice.pick([0, 0, 8080]), protocol: dice.pick(['tcp', 'udp'] as const) },
  ]),
  dockerLabels: maybe(dice, () => ({ label: oddValue(dice) })),
  stopTimeout: maybe(dice, () => dice.whole(0, 120)),
});

function runTask(dice: Dice, known: Known): ecs.RunTaskRequest {
  return {
    cluster: clusterOf(dice, known),
    taskDefinition: definitionOf(dice, known),
    count: maybe(dice, () => dice.whole(1, 4)),
    startedBy: maybe(dice, () => dice.pick(['fuzz', 'nightly'])),
    group: maybe(dice, () => dice.pick(['batch', 'family:web', 'service:web'])),
    clientToken: maybe(dice, () => `token-${dice.below(50)}`),
    placementConstraints: maybe(dice, () => constraints(dice)),
    placementStrategy: maybe(dice, () => strategy(dice)),
    overrides: maybe(dice, () => ({
      containerOverrides: [{ name: 'c0', memory: 16, environment: [{ name: 'A', value: oddValue(dice) }] }],
    })),
    tags: maybe(dice, () => tags(dice)),
  };
}

function startTask(dice: Dice, known: Known): object {
  const { cluster, name } = known.containerInstances.items.length > 0 ? dice.pick(known.containerInstances.items) : nowhere;
  return { cluster, containerInstances: [name], taskDefinition: definitionOf(dice, known) };
}

function listTasks(dice: Dice, known: Known): object {
  return {
    cluster: clusterOf(dice, known),
    desiredStatus: maybe(dice, () => dice.pick(['RUNNING', 'STOPPED'])),
    family: maybe(dice, () => dice.pick(families)),
    startedBy: dice.chance(0.1) ? 'fuzz' : undefined,
    ...page(dice, known),
  };
}

function createService(dice: Dice, known: Known): ecs.CreateServiceRequest {
  return {
    cluster: clusterOf(dice, known),
    serviceName: dice.pick(serviceNames),
    taskDefinition: definitionOf(dice, known),
    desiredCount: dice.whole(0, 4),
    ...deployment(dice),
    placementConstraints: maybe(dice, () => constraints(dice)),
    placementStrategy: maybe(dice, () => strategy(dice)),
    propagateTags: maybe(dice, () => dice.pick(['SERVICE', 'TASK_DEFINITION', 'NONE'] as const)),
    tags: maybe(dice, () => tags(dice)),
  };
}

function updateService(dice: Dice, known: Known): object {
  return {
    ...inCluster(dice, known, 'service', known.services.items),
    desiredCount: maybe(dice, () => dice.whole(0, 4)),
    taskDefinition: maybe(dice, () => definitionOf(dice, known)),
    forceNewDeployment: dice.chance(0.2),
    ...deployment(dice),
  };
}

const deployment = (dice: Dice): object =>
  dice.chance(0.5)
    ? {}
    : { deploymentConfiguration: { minimumHealthyPercent: dice.pick([0, 50, 100]), maximumPercent: dice.pick([100, 150, 200]) } };

// ── parts ──

const nowhere: InCluster = { cluster: 'default', name: '0'.repeat(32) };

const maybe = <T>(dice: Dice, make: () => T): T | undefined => (dice.chance(0.4) ? make() : undefined);

const some = <T>(dice: Dice, make: () => T): T[] => Array.from({ length: dice.whole(1, 4) }, make);

export const clusterOf = (dice: Dice, known: Known): string =>
  dice.chance(0.5) ? 'default' : dice.pick([...clusterNames, ...known.clusters.items]);

/** As a family, as `family:revision`, or as an ARN. */
function definitionOf(dice: Dice, known: Known): string {
  const id = revisionOf(dice, known);
  if (dice.chance(0.3)) return dice.pick(families);
  return dice.chance(0.3) ? `arn:aws:ecs:us-east-1:000000000000:task-definition/${id}` : id;
}

const revisionOf = (dice: Dice, known: Known): string => dice.pick(['web:1', ...known.taskDefinitions.items]);

/** One of the things, in its own cluster, by its name or ARN. */
function inCluster(dice: Dice, known: Known, member: string, things: readonly InCluster[]): object {
  const { cluster, name } = things.length > 0 && dice.chance(0.95) ? dice.pick(things) : nowhere;
  return { cluster: dice.chance(0.95) ? cluster : clusterOf(dice, known), [member]: name };
}

function described(dice: Dice, known: Known, member: string, things: readonly InCluster[]): object {
  const cluster = things.length > 0 ? dice.pick(things).cluster : clusterOf(dice, known);
  const names = things.filter((each) => each.cluster === cluster).map(({ name }) => name);
  return { cluster, [member]: some(dice, () => dice.pick([nowhere.name, ...names])) };
}

const page = (dice: Dice, known: Known): object => ({
  maxResults: maybe(dice, () => dice.whole(1, 100)),
  nextToken: dice.chance(0.1) ? dice.pick(['none', ...known.nextTokens.items]) : undefined,
});

const arnOf = (dice: Dice, known: Known): string =>
  dice.pick(['arn:aws:ecs:us-east-1:000000000000:cluster/default', ...known.arns.items]);

const insights = (dice: Dice): ecs.ClusterSetting[] => [{ name: 'containerInsights', value: dice.pick(['enabled', 'disabled']) }];

const tagKey = (dice: Dice): string => `key-${dice.below(20)}`;
const tags = (dice: Dice): ecs.Tag[] =>
  [...new Set(some(dice, () => tagKey(dice)))].map((key) => ({ key, value: oddValue(dice) }));

function attributes(dice: Dice, known: Known): object {
  const { cluster, name } = known.containerInstances.items.length > 0 ? dice.pick(known.containerInstances.items) : nowhere;
  const one = (): ecs.Attribute => ({
    name: dice.pick(['rack', 'disk', 'tier']),
    value: dice.pick(['a', 'b']),
    targetType: 'container-instance',
    targetId: name,
  });
  return { cluster, attributes: some(dice, one) };
}

const constraints = (dice: Dice): ecs.PlacementConstraint[] =>
  dice.chance(0.4) ? [{ type: 'distinctInstance' }] : [{ type: 'memberOf', expression: queryOf(dice) }];

const strategy = (dice: Dice): ecs.PlacementStrategy[] => [
  dice.pick([
    { type: 'binpack', field: 'memory' },
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'spread', field: 'instanceId' },
    { type: 'random' },
  ] as const),
];

const queryOf = (dice: Dice): string =>
  dice.pick([
    'attribute:ecs.availability-zone == us-east-1a',
    'attribute:rack exists',
    'attribute:ecs.instance-type =~ mini.* and not(attribute:tier == b)',
    '(task:group == service:web) or attribute:disk in [a, b]',
    'runningTasksCount < 5',
    'attribute:rack ==',
  ]);

const oddValue = (dice: Dice): string =>
  dice.pick(['', 'value', 'ünïcödé 💥', 'x'.repeat(200), '"quoted" \\ and\nbroken', '${NAME}']);
