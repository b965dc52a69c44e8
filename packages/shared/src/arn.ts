/**
 * ARNs in the long format. Names are stored; ARNs are rendered at the boundary, in the region of the
 * caller (API answers) or of `MINI_ECS_REGION` (labels, metadata, events).
 */
export interface ArnScope {
  region: string;
  accountId: string;
}

const prefix = (scope: ArnScope): string => `arn:aws:ecs:${scope.region}:${scope.accountId}`;

export const clusterArn = (scope: ArnScope, cluster: string): string => `${prefix(scope)}:cluster/${cluster}`;
export const serviceArn = (scope: ArnScope, cluster: string, service: string): string =>
  `${prefix(scope)}:service/${cluster}/${service}`;
export const taskArn = (scope: ArnScope, cluster: string, taskId: string): string => `${prefix(scope)}:task/${cluster}/${taskId}`;
export const containerInstanceArn = (scope: ArnScope, cluster: string, instanceId: string): string =>
  `${prefix(scope)}:container-instance/${cluster}/${instanceId}`;
/** `definition` is `family:revision`. */
export const taskDefinitionArn = (scope: ArnScope, definition: string): string =>
  `${prefix(scope)}:task-definition/${definition}`;
export const containerArn = (scope: ArnScope, cluster: string, taskId: string, containerId: string): string =>
  `${prefix(scope)}:container/${cluster}/${taskId}/${containerId}`;

export type ArnKind = 'cluster' | 'service' | 'task' | 'container-instance' | 'task-definition';

/** The parts of a resource ARN of ECS; undefined for what is none. `path` is what follows `<kind>/`, split at `/`. */
export function parseArn(arn: string): { kind: string; path: string[]; region: string; accountId: string } | undefined {
  const match = /^arn:aws[a-z-]*:ecs:([a-z0-9-]*):(\d*):([a-z-]+)\/(.+)$/.exec(arn);
  if (!match) return undefined;
  const [, region = '', accountId = '', kind = '', rest = ''] = match;
  return { kind, path: rest.split('/'), region, accountId };
}
