/**
 * What the fuzzer made and heard of so far: requests that name real things get past the front door. Names are the fuzzer's own,
 * so a seed makes the same requests again but for the ids that a controller makes up.
 */
export interface Known {
  clusters: Recent<string>;
  /** `family:revision` */
  taskDefinitions: Recent<string>;
  services: Recent<InCluster>;
  tasks: Recent<InCluster>;
  containerInstances: Recent<InCluster>;
  joinTokens: Recent<InCluster>;
  /** Of any of them. */
  arns: Recent<string>;
  nextTokens: Recent<string>;
}

export interface InCluster {
  cluster: string;
  /** As in its ARN; of a join token its id. */
  name: string;
}

/** The newest things of a kind, each once. */
export class Recent<T> {
  readonly #items = new Map<string, T>();
  readonly #most: number;

  constructor(most = 60) {
    this.#most = most;
  }

  get items(): readonly T[] {
    return [...this.#items.values()];
  }

  add(item: T): void {
    this.#items.set(JSON.stringify(item), item);
    const [oldest] = this.#items.keys();
    if (this.#items.size > this.#most && oldest !== undefined) this.#items.delete(oldest);
  }
}

export const nothingKnown = (): Known => ({
  clusters: new Recent(),
  taskDefinitions: new Recent(),
  services: new Recent(),
  tasks: new Recent(),
  containerInstances: new Recent(),
  joinTokens: new Recent(),
  arns: new Recent(200),
  nextTokens: new Recent(),
});

/** Every ARN, page token and join token in an answer, wherever it stands. */
export function learn(known: Known, answer: unknown): void {
  if (Array.isArray(answer)) {
    for (const each of answer.slice(0, 20)) learn(known, each);
  } else if (typeof answer === 'object' && answer !== null) {
    learnJoinToken(known, answer);
    for (const [name, value] of Object.entries(answer)) {
      if (name === 'nextToken' && typeof value === 'string') known.nextTokens.add(value);
      else if (name !== 'failures') learn(known, value);
    }
  } else if (typeof answer === 'string' && answer.startsWith('arn:aws:ecs:')) learnArn(known, answer);
}

function learnJoinToken(known: Known, answer: { id?: unknown; cluster?: unknown; usesLeft?: unknown }): void {
  const { id, cluster, usesLeft } = answer;
  if (typeof id === 'string' && typeof cluster === 'string' && usesLeft !== undefined)
    known.joinTokens.add({ cluster, name: id });
}

function learnArn(known: Known, arn: string): void {
  const [kind = '', first = '', second = ''] = arn.split(':').slice(5).join(':').split('/');
  known.arns.add(arn);
  switch (kind) {
    case 'cluster':
      return known.clusters.add(first);
    case 'task-definition':
      return known.taskDefinitions.add(first);
    case 'service':
      return known.services.add({ cluster: first, name: second });
    case 'task':
      return known.tasks.add({ cluster: first, name: second });
    case 'container-instance':
      return known.containerInstances.add({ cluster: first, name: second });
    default:
  }
}
