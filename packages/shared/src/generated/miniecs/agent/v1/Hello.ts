// Original file: proto/agent.proto

import type { Resources as _miniecs_agent_v1_Resources, Resources__Output as _miniecs_agent_v1_Resources__Output } from '../../../miniecs/agent/v1/Resources.ts';
import type { Attribute as _miniecs_agent_v1_Attribute, Attribute__Output as _miniecs_agent_v1_Attribute__Output } from '../../../miniecs/agent/v1/Attribute.ts';
import type { TaskStatus as _miniecs_agent_v1_TaskStatus, TaskStatus__Output as _miniecs_agent_v1_TaskStatus__Output } from '../../../miniecs/agent/v1/TaskStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface Hello {
  'protocolVersion'?: (number);
  'cluster'?: (string);
  'instanceId'?: (string);
  'storeId'?: (string);
  'storeEpoch'?: (number | string | Long);
  'hostname'?: (string);
  'address'?: (string);
  'agentVersion'?: (string);
  'dockerVersion'?: (string);
  'resources'?: (_miniecs_agent_v1_Resources | null);
  'attributes'?: (_miniecs_agent_v1_Attribute)[];
  'tasks'?: (_miniecs_agent_v1_TaskStatus)[];
}

export interface Hello__Output {
  'protocolVersion': (number);
  'cluster': (string);
  'instanceId': (string);
  'storeId': (string);
  'storeEpoch': (number);
  'hostname': (string);
  'address': (string);
  'agentVersion': (string);
  'dockerVersion': (string);
  'resources': (_miniecs_agent_v1_Resources__Output | null);
  'attributes': (_miniecs_agent_v1_Attribute__Output)[];
  'tasks': (_miniecs_agent_v1_TaskStatus__Output)[];
}
