import type { Resources } from '@mini-ecs/shared';
import type { Tags } from './tag.ts';

/** An attribute's name → its value; null: it has none. */
export type Attributes = Record<string, string | null>;

/** Written at the start of every session, from the agent's Hello (field `doc`). */
export interface InstanceRegistration {
  hostname: string;
  /** where published ports are reached */
  address: string;
  agentVersion: string;
  dockerVersion: string;
  /** The whole of it; `ports` are the reserved ones. */
  resources: Resources;
  /** `ecs.availability-zone`, `ecs.instance-type`, … and those of the agent's configuration */
  attributes: Attributes;
  registeredAt: number;
}

export interface ContainerInstance {
  id: string;
  cluster: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  registration: InstanceRegistration;
  /** Put by PutAttributes; they win over the registration's. `undefined` never appears. */
  customAttributes: Attributes;
  /** Free at the last commit: what is not taken by bound tasks that have not STOPPED. */
  free: { cpu: number; memory: number; usedPorts: Set<string> };
  /** False once judged lost; true again with its next session. */
  connected: boolean;
  /** ms; when it was judged lost; undefined while connected */
  disconnectedAt?: number;
  /** The session that may write; '' for none yet. */
  session: string;
  tags: Tags;
  version: number;
}

export const attributesOf = (instance: Pick<ContainerInstance, 'registration' | 'customAttributes'>): Attributes => ({
  ...instance.registration.attributes,
  ...instance.customAttributes,
});
