// Original file: proto/agent.proto

import type { NetworkBinding as _miniecs_agent_v1_NetworkBinding, NetworkBinding__Output as _miniecs_agent_v1_NetworkBinding__Output } from '../../../miniecs/agent/v1/NetworkBinding.ts';

export interface ContainerStatus {
  'name'?: (string);
  'runtimeId'?: (string);
  'lastStatus'?: (string);
  'exitCode'?: (number);
  'reason'?: (string);
  'healthStatus'?: (string);
  'imageDigest'?: (string);
  'networkBindings'?: (_miniecs_agent_v1_NetworkBinding)[];
  '_exitCode'?: "exitCode";
}

export interface ContainerStatus__Output {
  'name': (string);
  'runtimeId': (string);
  'lastStatus': (string);
  'exitCode'?: (number);
  'reason': (string);
  'healthStatus': (string);
  'imageDigest': (string);
  'networkBindings': (_miniecs_agent_v1_NetworkBinding__Output)[];
  '_exitCode'?: "exitCode";
}
