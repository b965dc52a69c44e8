// Original file: proto/agent.proto

import type { TaskStatus as _miniecs_agent_v1_TaskStatus, TaskStatus__Output as _miniecs_agent_v1_TaskStatus__Output } from '../../../miniecs/agent/v1/TaskStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface StatusReport {
  'sequence'?: (number | string | Long);
  'tasks'?: (_miniecs_agent_v1_TaskStatus)[];
}

export interface StatusReport__Output {
  'sequence': (number);
  'tasks': (_miniecs_agent_v1_TaskStatus__Output)[];
}
