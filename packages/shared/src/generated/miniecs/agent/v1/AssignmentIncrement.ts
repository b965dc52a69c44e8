// Original file: proto/agent.proto

import type { Assignment as _miniecs_agent_v1_Assignment, Assignment__Output as _miniecs_agent_v1_Assignment__Output } from '../../../miniecs/agent/v1/Assignment.ts';
import type { Long } from '@grpc/proto-loader';

export interface AssignmentIncrement {
  'appliesTo'?: (number | string | Long);
  'version'?: (number | string | Long);
  'changed'?: (_miniecs_agent_v1_Assignment)[];
  'removed'?: (string)[];
}

export interface AssignmentIncrement__Output {
  'appliesTo': (number);
  'version': (number);
  'changed': (_miniecs_agent_v1_Assignment__Output)[];
  'removed': (string)[];
}
