import type {
  CapacityProviderStrategyItem,
  ClusterConfiguration,
  ClusterServiceConnectDefaults,
  ClusterSetting,
} from '@aws-sdk/client-ecs';
import type { Tags } from './tag.ts';

/** What the API wrote of a cluster (field `doc`). */
export interface ClusterSpec {
  name: string;
  settings: ClusterSetting[];
  configuration?: ClusterConfiguration;
  serviceConnectDefaults?: ClusterServiceConnectDefaults;
  capacityProviders: string[];
  defaultCapacityProviderStrategy: CapacityProviderStrategyItem[];
  /** ms since the epoch */
  createdAt: number;
}

export interface Cluster {
  name: string;
  status: 'ACTIVE' | 'INACTIVE';
  spec: ClusterSpec;
  tags: Tags;
  version: number;
}
